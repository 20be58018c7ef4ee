//! Command lines written for virt-v2v and vmware2libvirt.

use crate::place::Place;

#[test]
fn a_command_line_of_virt_v2v() {
    let place = Place::new();
    let args = [
        "-q",
        "-i",
        "libvirtxml",
        "web01.xml",
        "-on",
        "new",
        "-b",
        "br0",
    ];
    let run = place.convert(&args);
    for part in ["<name>new</name>", "bridge='br0'"] {
        assert!(run.out.contains(part), "{part}: {}", run.out);
    }
    let xen = place.convert(&["-q", "-i", "xen", "web01.cfg"]);
    assert!(xen.out.starts_with("<domain type='kvm'"), "{}", xen.out);
}

#[test]
fn what_means_nothing_here_is_accepted_with_a_note() {
    let place = Place::new();
    let plain = place.xml(&[]);
    for (args, note) in [
        (
            &["--no-fstrim"][..],
            "--no-fstrim: accepted; there is no appliance here",
        ),
        (
            &["--smp", "4"],
            "--smp: accepted; there is no appliance here",
        ),
        (
            &["--memsize", "4096"],
            "--memsize: accepted; there is no appliance here",
        ),
        (
            &["--bandwidth", "10M"],
            "--bandwidth: accepted; no disk is copied here",
        ),
        (
            &["--parallel", "4"],
            "--parallel: accepted; no disk is copied here",
        ),
        (&["-x"], "-x: accepted; -vv shows the most"),
        (&["--colors"], "--colours: accepted; the output has none"),
        (&["--wrap"], "--wrap: accepted; lines are not wrapped"),
    ] {
        let run = place.convert(&[args, &["web01.xml"]].concat());
        assert_eq!(run.err.lines().next(), Some(&*format!("xen2kvm: {note}")));
        assert_eq!(run.out, plain, "{args:?}");
        let quiet = place.convert(&[&["-q"], args, &["web01.xml"]].concat());
        assert!(!quiet.err.contains(note), "{}", quiet.err);
    }
}

#[test]
fn what_asks_for_more_than_xml_is_refused_with_the_reason() {
    let place = Place::new();
    for (args, text) in [
        (
            &["-i", "ova"][..],
            "-i ova: only a Xen domain's file is read here, -i xen",
        ),
        (
            &["-o", "libvirt"],
            "-o: only XML is written here; --output FILE says where, -os DIR where the disks lie",
        ),
        (
            &["-oc", "qemu:///system"],
            "-oc: nothing is defined here; use virsh -c URI define on the result",
        ),
        (
            &["-oo", "compressed"],
            "-oo: disks are not converted here; QEMU reads the images of Xen, and qemu-img convert makes others of them",
        ),
        (
            &["-oa", "sparse"],
            "-oa: disks are not converted here; QEMU reads the images of Xen, and qemu-img convert makes others of them",
        ),
        (
            &["-if", "vmdk"],
            "-if: disks are not converted here; QEMU reads the images of Xen, and qemu-img convert makes others of them",
        ),
        (
            &["--compressed"],
            "--compressed: disks are not converted here; QEMU reads the images of Xen, and qemu-img convert makes others of them",
        ),
        (
            &["-it", "ssh"],
            "-it: nothing is read from another host; copy the Xen domain's file here first",
        ),
        (
            &["-ic", "esx://host"],
            "-ic: nothing is read from another host; copy the Xen domain's file here first",
        ),
        (
            &["-io", "a=b"],
            "-io: nothing is read from another host; copy the Xen domain's file here first",
        ),
        (
            &["-ip", "file"],
            "-ip: nothing is read from another host; copy the Xen domain's file here first",
        ),
        (
            &["--root", "first"],
            "--root: the inside of the guest is not looked at here",
        ),
        (
            &["--key", "all:file:x"],
            "--key: the inside of the guest is not looked at here",
        ),
        (
            &["--keys-from-stdin"],
            "--keys-from-stdin: the inside of the guest is not looked at here",
        ),
    ] {
        place.check_refuses(&[args, &["web01.xml"]].concat(), 2, text);
    }
}

#[test]
fn what_this_version_can_do() {
    let place = Place::new();
    let run = place.convert(&["--machine-readable"]);
    for word in [
        "xen2kvm",
        "libvirt",
        "input:xen",
        "input:libvirtxml",
        "mac-option",
    ] {
        assert!(
            run.out.lines().any(|line| line == word),
            "{word}: {}",
            run.out
        );
    }
}
