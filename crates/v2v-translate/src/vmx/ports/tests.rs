use crate::policy::DiskPlace;
use crate::vmx::extra::case::{translated, translated_with};

const TERMINAL: &str = "<serial type='pty'><target type='isa-serial' port='0'/></serial>";
const CONSOLE: &str = "<console type='pty'><target type='serial' port='0'/></console>";

/// Checks the serial ports of a VM with these lines, and what is told; `NAME = VALUE` behind `serial0.`.
#[track_caller]
fn check(lines: &[&str], serials: &[&str], findings: &[&str]) {
    let lines: String = lines.iter().map(|line| format!("serial{line}\n")).collect();
    let case = translated(&lines);
    assert_eq!(case.devices("serial"), serials, "{lines}");
    assert_eq!(case.findings("serial-"), findings, "{lines}");
    assert!(case.unknown().is_empty(), "{:?}", case.unknown());
}

#[test]
fn a_machine_without_serial_ports_gets_a_console() {
    let case = translated("");
    assert_eq!(case.devices("serial"), [TERMINAL]);
    assert_eq!(case.devices("console"), [CONSOLE]);
}

#[test]
fn output_into_a_file_lies_beside_the_disks() {
    for name in [
        "serial.log",
        "web01.qcow2",
        "/etc/cron.d/x",
        "../../x",
        r"C:\VMs\serial.txt",
    ] {
        check(
            &[
                "0.present = \"TRUE\"",
                "0.fileType = \"file\"",
                &format!("0.fileName = \"{name}\""),
            ],
            &[
                "<serial type='file'><source path='/var/lib/libvirt/images/web01-serial0.log' append='on'/>\
               <target type='isa-serial' port='0'/></serial>",
            ],
            &[],
        );
    }
}

#[test]
fn a_rule_of_the_caller_says_where_a_file_lies() {
    let path = |name: &str| {
        let lines = format!(
            "serial0.present = \"TRUE\"\nserial0.fileType = \"file\"\nserial0.fileName = \"{name}\"\n"
        );
        let case = translated_with(&lines, |policy| {
            policy.disks.place = DiskPlace::Directory("/srv/vm/".to_owned());
            policy
                .disks
                .map
                .push("/vmfs/volumes/ds1=/srv/ds1".parse().unwrap());
        });
        assert_eq!(
            case.fate("serial0.fileName"),
            "/domain/devices/serial[1]/source/@path"
        );
        let serial = case.devices("serial").concat();
        serial.split('\'').nth(3).unwrap().to_owned()
    };
    assert_eq!(path("/vmfs/volumes/ds1/web/s.log"), "/srv/ds1/web/s.log");
    assert_eq!(
        path("/vmfs/volumes/ds1/../../etc/passwd"),
        "/srv/vm/web01-serial0.log"
    );
    assert_eq!(path("s.log"), "/srv/vm/web01-serial0.log");
}

/// A source; one that connects tries again.
fn source(mode: &str, attributes: &str) -> String {
    match mode {
        "connect" => {
            format!("<source {attributes}><reconnect enabled='yes' timeout='10'/></source>")
        }
        _ => format!("<source {attributes}/>"),
    }
}

#[test]
fn a_pipe_is_a_socket() {
    for (name, end, mode, path) in [
        (r"\\.\pipe\com_1", "server", "bind", "pipe-com_1.sock"),
        (r"\\.\pipe\com_1", "client", "connect", "pipe-com_1.sock"),
        (
            "serial0.pipe",
            "server",
            "bind",
            "pipe-web01-serial0.pipe.sock",
        ),
        ("/tmp/a b/ü", "server", "bind", "pipe-_.sock"),
    ] {
        let source = source(
            mode,
            &format!("mode='{mode}' path='/var/lib/libvirt/qemu/{path}'"),
        );
        let serial =
            format!("<serial type='unix'>{source}<target type='isa-serial' port='0'/></serial>");
        check(
            &[
                "0.present = \"TRUE\"",
                "0.fileType = \"pipe\"",
                &format!("0.fileName = \"{name}\""),
                &format!("0.pipe.endPoint = \"{end}\""),
                "0.tryNoRxLoss = \"TRUE\"",
                "0.yieldOnMsrRead = \"TRUE\"",
                "0.startConnected = \"TRUE\"",
            ],
            &[&serial],
            &[],
        );
    }
}

#[test]
fn a_connection_goes_over_the_network() {
    let serial = |mode: &str, host: &str, protocol: &str| {
        let source = source(mode, &format!("mode='{mode}' host='{host}' service='9000'"));
        format!(
            "<serial type='tcp'>{source}<protocol type='{protocol}'/><target type='isa-serial' port='0'/></serial>"
        )
    };
    let network = |name: &str, end: &str| {
        [
            "0.present = \"TRUE\"".to_owned(),
            "0.fileType = \"network\"".to_owned(),
            format!("0.fileName = \"{name}\""),
            format!("0.network.endPoint = \"{end}\""),
        ]
    };
    let check = |name, end, serials: &[&str], findings: &[&str]| {
        let lines = network(name, end);
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        check(&lines, serials, findings);
    };
    check(
        "telnet://127.0.0.1:9000",
        "server",
        &[&serial("bind", "127.0.0.1", "telnet")],
        &[],
    );
    check(
        "tcp://10.0.0.9:9000",
        "client",
        &[&serial("connect", "10.0.0.9", "raw")],
        &[],
    );
    check(
        "tcp://:9000",
        "server",
        &[&serial("bind", "127.0.0.1", "raw")],
        &[
            "info serial-not-carried serial0: \"tcp://:9000\" waits on all addresses of the host, without a password; \
           here on 127.0.0.1 only",
        ],
    );
    check(
        "telnets://10.0.0.9:9000",
        "client",
        &[TERMINAL],
        &[
            "info serial-not-carried serial0: \"telnets://10.0.0.9:9000\" can't be carried: it is encrypted with \
           VMware's keys; the port is a terminal now (`virsh console`)",
        ],
    );
}

#[test]
fn what_belongs_to_the_old_host_becomes_a_terminal() {
    check(
        &["0.present = \"TRUE\"", "0.fileName = \"/dev/ttyS0\""],
        &[TERMINAL],
        &[
            "info serial-not-carried serial0: \"/dev/ttyS0\" is a device of the old host; the port is a terminal now \
           (`virsh console`)",
        ],
    );
    check(
        &[
            "0.present = \"TRUE\"",
            "0.fileType = \"network\"",
            "0.fileName = \"tcp://h:1\"",
            "0.vspc = \"telnet://vspc:13370\"",
        ],
        &[TERMINAL],
        &[
            "info serial-not-carried serial0: it goes through the concentrator \"telnet://vspc:13370\"; the port is a \
           terminal now (`virsh console`)",
        ],
    );
    check(
        &[
            "0.present = \"TRUE\"",
            "0.fileType = \"file\"",
            "0.fileName = \"a\"",
            "0.startConnected = \"FALSE\"",
        ],
        &["<serial type='null'><target type='isa-serial' port='0'/></serial>"],
        &[
            "info serial-not-carried serial0: it starts disconnected; the port is connected to nothing",
        ],
    );
}

#[test]
fn the_printing_service_is_vmware_s_own() {
    let case = translated(
        "serial0.present = \"TRUE\"\nserial0.fileType = \"thinprint\"\nserial0.fileName = \"thinprint\"\n",
    );
    assert_eq!(case.devices("serial"), [TERMINAL]);
    assert_eq!(
        case.fate("serial0.fileType"),
        "ignored: VMware's printing service"
    );
    assert!(case.findings("serial-").is_empty());
}

#[test]
fn ports_keep_their_numbers_and_the_console_is_the_first() {
    let lines: String = [1, 3, 4]
        .map(|n| format!("serial{n}.present = \"TRUE\"\nserial{n}.fileType = \"file\"\nserial{n}.fileName = \"a\"\n"))
        .concat();
    let case = translated(&lines);
    let ports: Vec<String> = case.devices("serial");
    assert_eq!(ports.len(), 3);
    assert_eq!(ports[0], TERMINAL);
    assert!(ports[1].contains("web01-serial1.log") && ports[1].contains("port='1'"));
    assert!(ports[2].contains("web01-serial3.log") && ports[2].contains("port='3'"));
    assert_eq!(case.devices("console"), [CONSOLE]);
    assert_eq!(
        case.fate("serial3.fileType"),
        "/domain/devices/serial[3]/@type"
    );
    assert_eq!(
        case.findings("serial-"),
        ["info serial-not-carried serial4: a PC has 4 serial ports; this one was left out"]
    );
}

#[test]
fn parallel_ports_print_into_files() {
    let case = translated(
        "parallel0.present = \"TRUE\"\nparallel0.fileType = \"file\"\nparallel0.fileName = \"out.prn\"\n\
         parallel1.present = \"TRUE\"\nparallel1.fileType = \"device\"\nparallel1.fileName = \"/dev/parport0\"\n\
         parallel1.bidirectional = \"TRUE\"\n",
    );
    assert_eq!(
        case.devices("parallel"),
        [
            "<parallel type='file'><source path='/var/lib/libvirt/images/web01-parallel0.log' append='on'/>\
          <target port='0'/></parallel>"
        ]
    );
    assert_eq!(
        case.findings("parallel-"),
        [
            "info parallel-not-carried parallel1: \"/dev/parport0\" is a device of the old host; the port was left out"
        ]
    );
    assert_eq!(
        case.fate("parallel0.fileName"),
        "/domain/devices/parallel[1]/source/@path"
    );
    assert!(case.unknown().is_empty(), "{:?}", case.unknown());
}
