//! The address of a serial port that goes over the network: `telnet://127.0.0.1:9000`.

/// An address without encryption.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Endpoint<'a> {
    /// libvirt's word: `raw` or `telnet`.
    pub(super) protocol: &'static str,
    /// Name or address without brackets; empty for "any".
    pub(super) host: &'a str,
    /// The port.
    pub(super) port: u16,
}

/// Reads an address as VMware writes it: `[tcp|telnet]://[HOST]:PORT[,OPTION...]`.
///
/// # Errors
///
/// Why it can't be carried, as a phrase.
pub(super) fn parse(text: &str) -> Result<Endpoint<'_>, &'static str> {
    let (scheme, rest) = text
        .trim()
        .split_once("://")
        .unwrap_or(("tcp", text.trim()));
    let protocol = match scheme.to_ascii_lowercase().as_str() {
        "tcp" => "raw",
        "telnet" => "telnet",
        "ssl" | "tcp+ssl" | "telnets" => return Err("it is encrypted with VMware's keys"),
        _ => return Err("its protocol is not tcp or telnet"),
    };
    let address = rest.split([',', '/']).next().unwrap_or_default();
    let (host, port) = address.rsplit_once(':').ok_or("it has no port")?;
    let port = port
        .parse()
        .ok()
        .filter(|port| *port > 0)
        .ok_or("it has no port")?;
    let bare = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let host = bare.unwrap_or(host);
    let is_host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
    if !host.chars().all(is_host) || (bare.is_none() && host.contains(':')) {
        return Err("its host is no name or address");
    }
    Ok(Endpoint {
        protocol,
        host,
        port,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let read = |text| parse(text).map(|found| (found.protocol, found.host, found.port));
        for (text, expected) in [
            ("telnet://127.0.0.1:9000", Ok(("telnet", "127.0.0.1", 9000))),
            ("tcp://:4555", Ok(("raw", "", 4555))),
            (
                "TCP://con.example.org:23,server",
                Ok(("raw", "con.example.org", 23)),
            ),
            ("tcp://[fe80::1]:9000/", Ok(("raw", "fe80::1", 9000))),
            ("10.0.0.1:9000", Ok(("raw", "10.0.0.1", 9000))),
            (
                "telnets://h:9000",
                Err("it is encrypted with VMware's keys"),
            ),
            (
                "tcp+ssl://h:9000",
                Err("it is encrypted with VMware's keys"),
            ),
            ("udp://h:9000", Err("its protocol is not tcp or telnet")),
            ("tcp://h", Err("it has no port")),
            ("tcp://h:0", Err("it has no port")),
            ("tcp://h:70000", Err("it has no port")),
            ("", Err("it has no port")),
            ("tcp://fe80::1:9000", Err("its host is no name or address")),
            ("tcp://a b:9000", Err("its host is no name or address")),
        ] {
            assert_eq!(read(text), expected, "{text}");
        }
    }
}
