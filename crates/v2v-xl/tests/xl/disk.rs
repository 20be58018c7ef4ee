//! Disk specifications: every form of xl-disk-configuration(5) and of xm.

use v2v_xl::{Access, BackendType, Disk, DiskFormat, Specification, VdevFamily, VirtualDevice};

use crate::{guest, value_problems};

/// What an item says, without what it does not say.
fn shown(disk: &Disk) -> String {
    let mut out = Vec::new();
    let mut add = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            out.push(format!("{name}={value}"));
        }
    };
    add("target", disk.target.clone());
    add(
        "prefixes",
        (!disk.prefixes.is_empty()).then(|| disk.prefixes.join(":")),
    );
    add("format", disk.format.map(|format| format!("{format:?}")));
    add("vdev", disk.vdev.map(|vdev| vdev.to_string()));
    add("access", disk.access.map(|access| format!("{access:?}")));
    add("cdrom", disk.is_cdrom.then(|| "yes".to_owned()));
    add(
        "backendtype",
        disk.backend_type.map(|kind| format!("{kind:?}")),
    );
    add("backend", disk.backend.clone());
    add("script", disk.script.clone());
    add("discard", disk.discard.map(|discard| discard.to_string()));
    out.join(" ")
}

fn item(text: &str) -> Disk {
    let guest = guest(format!(
        "disk = [ {} ]",
        v2v_xl::Value::String(text.to_owned())
    ));
    assert_eq!(value_problems(&guest), [""; 0], "{text}");
    guest.disks.into_iter().next().unwrap()
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(shown(&item(text)), expected, "{text}");
}

#[test]
fn the_manual_s_equivalent_forms() {
    check(
        "/dev/vg/guest-volume,,hda",
        "target=/dev/vg/guest-volume vdev=hda",
    );
    let expected = "target=/dev/vg/guest-volume format=Raw vdev=hda access=ReadWrite";
    check("/dev/vg/guest-volume,raw,hda,rw", expected);
    check(
        "format=raw, vdev=hda, access=rw, target=/dev/vg/guest-volume",
        expected,
    );
    check(
        "raw:/dev/vg/guest-volume,hda,w",
        &expected.replace(" format", " prefixes=raw format"),
    );

    check(
        "/root/image.iso,,hdc,cdrom",
        "target=/root/image.iso vdev=hdc cdrom=yes",
    );
    check(
        "/root/image.iso,,hdc,,cdrom",
        "target=/root/image.iso vdev=hdc cdrom=yes",
    );
    check(
        "/root/image.iso,raw,hdc,devtype=cdrom",
        "target=/root/image.iso format=Raw vdev=hdc cdrom=yes",
    );
    check(
        "format=raw, vdev=hdc, access=ro, devtype=cdrom, target=/root/image.iso",
        "target=/root/image.iso format=Raw vdev=hdc access=ReadOnly cdrom=yes",
    );
    check(
        "raw:/root/image.iso,hdc:cdrom,ro",
        "target=/root/image.iso prefixes=raw format=Raw vdev=hdc access=ReadOnly cdrom=yes",
    );
}

#[test]
fn mixed_forms() {
    check(
        "backendtype=phy,vdev=xvdb,access=w,target=/dev/vg/guest-volume",
        "target=/dev/vg/guest-volume vdev=xvdb access=ReadWrite backendtype=Phy",
    );
    check(
        "vdev=xvda,/dev/vg/a,raw",
        "target=/dev/vg/a format=Raw vdev=xvda",
    );
    check(
        "format=qcow2,/a.img,xvda,r",
        "target=/a.img format=Qcow2 vdev=xvda access=ReadOnly",
    );
    check(
        "/a.img,vdev=xvda,qcow2,rw",
        "target=/a.img format=Qcow2 vdev=xvda access=ReadWrite",
    );
    check(
        "/dev/vg/a,raw,hda,rw,backendtype=phy",
        "target=/dev/vg/a format=Raw vdev=hda access=ReadWrite backendtype=Phy",
    );
    check(
        " /a.img , raw , xvda , rw ",
        "target=/a.img format=Raw vdev=xvda access=ReadWrite",
    );
    check(
        "/a.img,aio,xvda,w",
        "target=/a.img format=Raw vdev=xvda access=ReadWrite",
    );
    check(
        "vdev=xvda,no-discard,target=/a",
        "target=/a vdev=xvda discard=false",
    );
    check(
        "vdev=xvda,discard,direct-io-safe,target=/a",
        "target=/a vdev=xvda discard=true",
    );
    check(
        "vdev=xvda,backend=storage,script=block-iscsi,target=iqn.a:b",
        "target=iqn.a:b vdev=xvda backend=storage script=block-iscsi",
    );
    check(
        "vdev=xvda,readwrite=0,target=/a",
        "target=/a vdev=xvda access=ReadOnly",
    );
    let disk = item(
        "vdev=xvda,specification=virtio,trusted,colo-port=9,direct-io-safe,backendtype=standalone,target=/a",
    );
    assert_eq!(disk.specification, Some(Specification::Virtio));
    assert_eq!(disk.backend_type, Some(BackendType::Standalone));
    assert!(disk.direct_io_safe);
    assert_eq!(
        disk.others,
        [
            ("trusted".to_owned(), None),
            ("colo-port".to_owned(), Some("9".to_owned()))
        ]
    );
}

#[test]
fn a_named_target_takes_the_rest() {
    check("vdev=xvda,target=/a,b=c, d", "target=/a,b=c, d vdev=xvda");
    check("vdev=xvda,target=/a ", "target=/a  vdev=xvda");
    check("vdev=xvda,target=/a,", "target=/a vdev=xvda");
    check(",,xvda,w,target=/a", "target=/a vdev=xvda access=ReadWrite");
    check(
        "format=raw,vdev=hdb,access=rw,backendtype=qdisk,target=rbd:pool/image:mon_host=h\\:6321\\;g",
        "target=rbd:pool/image:mon_host=h\\:6321\\;g format=Raw vdev=hdb access=ReadWrite backendtype=Qdisk",
    );
}

#[test]
fn prefixes_of_xm() {
    for (prefix, format) in [
        ("phy", None),
        ("file", None),
        ("tap", None),
        ("tap:aio", Some(DiskFormat::Raw)),
        ("tap2:aio", Some(DiskFormat::Raw)),
        ("tap:tapdisk:aio", Some(DiskFormat::Raw)),
        ("tap:qcow", Some(DiskFormat::Qcow)),
        ("tap:qcow2", Some(DiskFormat::Qcow2)),
        ("tap:vhd", Some(DiskFormat::Vhd)),
        ("tap:vmdk", Some(DiskFormat::Vmdk)),
        ("vhd", Some(DiskFormat::Vhd)),
        ("qcow2", Some(DiskFormat::Qcow2)),
        ("raw", Some(DiskFormat::Raw)),
        ("aio", Some(DiskFormat::Raw)),
    ] {
        let disk = item(&format!("{prefix}:/a.img,sda1,w"));
        assert_eq!(
            (disk.target.as_deref(), disk.format),
            (Some("/a.img"), format),
            "{prefix}"
        );
        assert_eq!(disk.prefixes.join(":"), prefix);
        assert_eq!(disk.vdev_text.as_deref(), Some("sda1"));
    }
    check(
        "phy:sda8,hda,w",
        "target=sda8 prefixes=phy vdev=hda access=ReadWrite",
    );
    check(
        "phy:/dev/a,ioemu:hda,w",
        "target=/dev/a prefixes=phy vdev=hda access=ReadWrite",
    );
    check(
        "phy:/dev/a,/dev/sda1,w!",
        "target=/dev/a prefixes=phy vdev=sda1 access=Shared",
    );
    check(
        "iscsi:iqn.2001-05.com.example:0-8a0906,xvda,w",
        "target=iqn.2001-05.com.example:0-8a0906 prefixes=iscsi vdev=xvda access=ReadWrite script=block-iscsi",
    );
    check(
        "drbd:app01,hda,w",
        "target=app01 prefixes=drbd vdev=hda access=ReadWrite script=block-drbd",
    );
    // No prefix of xend: a protocol of QEMU.
    check(
        "rbd:pool/image,raw,xvda,w",
        "target=rbd:pool/image format=Raw vdev=xvda access=ReadWrite",
    );
}

#[test]
fn empty_drives() {
    for text in [
        ",hdc:cdrom,r",
        ",,hdc:cdrom,r",
        ",empty,hdc:cdrom,r",
        "devtype=cdrom,,,hdc",
        "vdev=hdc,access=r,devtype=cdrom,target=",
        "vdev=hdc,access=r,devtype=cdrom,format=empty",
        "vdev=hdc,devtype=cdrom",
    ] {
        let disk = item(text);
        assert!(
            disk.is_empty_drive() && disk.is_cdrom && disk.is_read_only(),
            "{text}"
        );
        assert_eq!(
            disk.vdev.map(|vdev| vdev.to_string()).as_deref(),
            Some("hdc"),
            "{text}"
        );
        assert_eq!(disk.path(), None);
    }
    assert!(!item("/a.iso,,hdc,cdrom").is_empty_drive());
}

#[test]
fn paths_and_access() {
    let path = |text: &str| item(text).path().map(|path| path.into_owned());
    assert_eq!(path("phy:sda8,hda,w").as_deref(), Some("/dev/sda8"));
    assert_eq!(path("vg/a,,hda").as_deref(), Some("/dev/vg/a"));
    assert_eq!(path("file:/a b.img,hda,w").as_deref(), Some("/a b.img"));
    assert_eq!(path("drbd:app01,hda,w"), None);
    assert_eq!(path("rbd:pool/image,,hda"), None);

    assert_eq!(item("/a,,hda,!").access, Some(Access::Shared));
    assert!(item("/a,,hda,ro").is_read_only() && item("/a,,hda,w,cdrom").is_read_only());
    assert!(!item("/a,,hda").is_read_only() && !item("/a,,hda,w!").is_read_only());
}

#[test]
fn what_is_wrong_names_the_item() {
    for (text, expected) in [
        (
            "/a,vmdk,xvda,w",
            "found `vmdk`, expected raw, qcow, qcow2, qed, vhd or empty",
        ),
        ("/a,raw,xvda,x", "found `x`, expected r, ro, w, rw or w!"),
        (
            "/a,raw,vda,w",
            "found `vda`, expected a vdev such as xvda, hdc, sdb1 or d0p1",
        ),
        (
            "/a,raw,xvda,w,more",
            "found `more`, expected no more than target, format, vdev and access without a name",
        ),
        (
            "/a,raw,xvda,w,foo=bar",
            "found `foo=bar`, expected a parameter of xl-disk-configuration(5)",
        ),
        (
            "/a,raw,xvda,w,devtype=tape",
            "found `tape`, expected cdrom or disk",
        ),
        (
            "/a,raw,xvda,w,backendtype=foo",
            "found `foo`, expected phy, tap, qdisk or standalone",
        ),
        ("/a,raw,xvda,vdev=xvdb", "found `xvdb`, expected one vdev"),
        (
            "qcow2:/a,xvda,w,format=raw",
            "found `raw`, expected one format",
        ),
        ("/a,raw,xvda,w,target=/b", "found `/b`, expected one target"),
        (
            "/a,raw",
            "found `/a,raw`, expected a vdev, as in target,format,vdev,access",
        ),
        (
            ",,xvda,w",
            "found `,,xvda,w`, expected a target, which only a CD-ROM drive may lack",
        ),
        (
            "vdev=xvda",
            "found `vdev=xvda`, expected a target, which only a CD-ROM drive may lack",
        ),
    ] {
        let guest = guest(format!("disk = [ '/ok,,xvdz', '{text}' ]"));
        assert_eq!(
            value_problems(&guest),
            [format!("item 2 (`{text}`): {expected}")],
            "{text}"
        );
        assert_eq!(guest.disks.len(), 2);
        assert_eq!(
            (guest.disks[1].index, guest.disks[1].text.as_str()),
            (1, text)
        );
    }
    // xm's form without its prefix: nothing is guessed.
    let guest = guest("disk = [ '/dev/vg/a,xvda,w' ]");
    assert_eq!((guest.disks[0].format, guest.disks[0].vdev), (None, None));
    assert_eq!(guest.problems.len(), 2);
}

#[test]
fn vdevs() {
    let device = |family, disk, partition| VirtualDevice {
        family,
        disk,
        partition,
        is_number: false,
    };
    for (text, expected, name) in [
        ("xvda", device(VdevFamily::Xvd, 0, None), "xvda"),
        ("xvdz", device(VdevFamily::Xvd, 25, None), "xvdz"),
        ("xvdaa", device(VdevFamily::Xvd, 26, None), "xvdaa"),
        ("xvdtq37", device(VdevFamily::Xvd, 536, Some(37)), "xvdtq37"),
        ("d536p37", device(VdevFamily::Xvd, 536, Some(37)), "xvdtq37"),
        ("xvda1", device(VdevFamily::Xvd, 0, Some(1)), "xvda1"),
        ("hda", device(VdevFamily::Hd, 0, None), "hda"),
        ("hdc2", device(VdevFamily::Hd, 2, Some(2)), "hdc2"),
        ("sdb3", device(VdevFamily::Sd, 1, Some(3)), "sdb3"),
        ("d0", device(VdevFamily::Xvd, 0, None), "xvda"),
        ("d0p0", device(VdevFamily::Xvd, 0, None), "xvda"),
        ("d1p2", device(VdevFamily::Xvd, 1, Some(2)), "xvdb2"),
    ] {
        assert_eq!(text.parse(), Ok(expected), "{text}");
        assert_eq!(expected.to_string(), name, "{text}");
    }
    for (text, name) in [
        ("51712", "xvda"),
        ("0xca01", "xvda1"),
        ("0145000", "xvda"),
        ("768", "hda"),
        ("832", "hdb"),
        ("5632", "hdc"),
        ("2049", "sda1"),
        ("268439552", "xvdq"),
    ] {
        let device: VirtualDevice = text.parse().unwrap();
        assert_eq!(
            (device.to_string().as_str(), device.is_number),
            (name, true),
            "{text}"
        );
    }
    for text in [
        "",
        "xvd",
        "xvdA",
        "xvda0",
        "xvda01",
        "xvda256",
        "xvda1p1",
        "vda",
        "hd1",
        "d",
        "dp1",
        "d01",
        "d1p",
        "d1048576",
        "1",
        "0x",
        "-1",
        "xvdzzzzzzzzzzzzz",
        "99999999999999999999",
        "xvda 1",
        "896",
        "fd0",
        "sr0",
    ] {
        assert!(text.parse::<VirtualDevice>().is_err(), "{text}");
    }
}
