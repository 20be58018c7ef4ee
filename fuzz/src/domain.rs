//! Target of the domain model.

use v2v_domain::{Domain, ParseOptions};

/// What parses prints, and what was printed parses to the same and prints the same.
pub fn xml(data: &[u8]) {
    let options = ParseOptions::default().with_max_nodes(10_000);
    let domain = match Domain::parse_with(data, &options) {
        Ok(domain) => domain,
        Err(err) => return drop(err.to_string()),
    };
    let _ = domain.unmodelled();
    let printed = domain.to_xml().expect("what was read can be written");
    let again = Domain::parse_with(&printed, &options).expect("a printed domain parses");
    assert_eq!(again, domain);
    assert_eq!(again.to_xml().expect("and prints again"), printed);
}
