//! What is looked at beside a domain.

use crate::place::{Place, WEB01};

/// A place whose domain has a disk at `path` with a driver that says nothing of the format.
fn with_disk(path: &str) -> Place {
    let place = Place::new();
    place.write("web01.xml", domain(path));
    place
}

fn domain(path: &str) -> String {
    let disk = format!("<driver name='qemu'/>\n      <source file='{path}'/>");
    WEB01.replace(
        "<driver name='file'/>\n      <source file='/var/lib/xen/images/web01.img'/>",
        &disk,
    )
}

/// An empty qcow2 header: enough to be told by content.
const QCOW2: &[u8] = b"QFI\xfb\0\0\0\x03";

fn image(magic: &[u8]) -> Vec<u8> {
    let mut bytes = magic.to_vec();
    bytes.resize(65536, 0);
    bytes
}

#[test]
fn the_format_is_read_from_an_image_below_the_directory() {
    let place = Place::new();
    place.write("web01.img", image(QCOW2));
    let path = place.path("web01.img").display().to_string();
    place.write("web01.xml", domain(&path));
    let xml = place.xml(&["-q"]);
    assert!(xml.contains("type='qcow2'"), "{xml}");
    let piped = place.pipe(&["-q", "-"], domain(&path).as_bytes());
    assert!(
        !piped.out.contains("type='qcow2'"),
        "nobody looked: {}",
        piped.out
    );
}

#[test]
fn other_directories_are_looked_at_when_allowed() {
    let place = Place::new();
    place.write("../images/web01.img", image(QCOW2));
    let dir = place.path("..").join("images").canonicalize().unwrap();
    let path = dir.join("web01.img").display().to_string();
    place.write("web01.xml", domain(&path));
    let without = place.xml(&["-q"]);
    assert!(!without.contains("type='qcow2'"), "{without}");
    let with = place.xml(&["-q", "--allow-path", dir.to_str().unwrap()]);
    assert!(with.contains("type='qcow2'"), "{with}");
    place.check_refuses(
        &["--allow-path", "none", "web01.xml"],
        1,
        "--allow-path none: cannot open: No such file or directory (os error 2)",
    );
    place.check_refuses(
        &["--allow-path", "..", "-"],
        2,
        "--allow-path: images are looked at for a domain in a file; save standard input to one",
    );
}

/// The same name beside the domain is not the image that lies elsewhere.
#[test]
fn a_namesake_is_not_looked_at() {
    let place = with_disk("/nowhere/web01.img");
    place.write("web01.img", image(QCOW2));
    let xml = place.xml(&["-q"]);
    assert!(!xml.contains("type='qcow2'"), "{xml}");
}

#[test]
fn images_are_only_read() {
    let place = Place::new();
    place.write("web01.img", image(QCOW2));
    let path = place.path("web01.img").display().to_string();
    place.write("web01.xml", domain(&path));
    let before = place.state();
    place.xml(&["-q"]);
    assert!(place.state() == before);
}
