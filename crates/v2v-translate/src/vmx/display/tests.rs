use crate::policy::{Profile, VideoModel};
use crate::vmx::extra::case::{Case, translated, translated_with};

/// What a console of a VM with these lines listens on, and what is told about it.
#[track_caller]
fn check(lines: &str, graphics: &str, findings: &[&str]) {
    assert_case(&translated(lines), lines, graphics, findings);
}

#[track_caller]
fn check_kept(lines: &str, graphics: &str, findings: &[&str]) {
    let case = translated_with(lines, |policy| policy.keep.vnc_password = true);
    assert_case(&case, lines, graphics, findings);
}

#[track_caller]
fn assert_case(case: &Case, lines: &str, graphics: &str, findings: &[&str]) {
    assert_eq!(case.devices("graphics"), [graphics], "{lines}");
    let mut told = case.findings("vnc-");
    told.extend(case.findings("setting-"));
    assert_eq!(told, findings, "{lines}");
    assert!(case.unknown().is_empty(), "{:?}", case.unknown());
    let xml = case.translation.domain.to_xml().unwrap();
    let said = format!(
        "{:?}",
        (&case.translation.findings, &case.translation.settings)
    );
    assert!(!said.contains("s3cret"), "a password was told");
    assert_eq!(xml.contains("s3cret"), graphics.contains("s3cret"));
}

const AUTOMATIC: &str = "<graphics type='vnc' port='-1' autoport='yes'><listen type='address' address='127.0.0.1'/></graphics>";

fn at(port: &str, attributes: &str, address: &str) -> String {
    format!(
        "<graphics type='vnc' port='{port}' autoport='no'{attributes}><listen type='address' address='{address}'/></graphics>"
    )
}

#[test]
fn without_vnc_the_console_is_for_the_host_alone() {
    check("", AUTOMATIC, &[]);
    check(
        "RemoteDisplay.vnc.enabled = \"FALSE\"\nRemoteDisplay.vnc.port = \"5905\"\n\
         RemoteDisplay.vnc.password = \"s3cret\"\nRemoteDisplay.maxConnections = \"-1\"\n",
        AUTOMATIC,
        &[],
    );
}

const ON: &str = "RemoteDisplay.vnc.enabled = \"TRUE\"\nRemoteDisplay.vnc.port = \"5903\"\n";

#[test]
fn a_console_without_a_password_is_not_opened_to_the_network() {
    let open = "warn vnc-open RemoteDisplay.vnc: the console listened on all addresses without a password; here on \
                127.0.0.1 only -> reach it through `ssh -L`, or set listen and passwd in the XML";
    for ip in [
        "",
        "RemoteDisplay.vnc.ip = \"0.0.0.0\"\n",
        "RemoteDisplay.vnc.ip = \"::\"\n",
    ] {
        check(&format!("{ON}{ip}"), &at("5903", "", "127.0.0.1"), &[open]);
    }
    check(
        &format!("{ON}RemoteDisplay.vnc.ip = \"127.0.0.1\"\n"),
        &at("5903", "", "127.0.0.1"),
        &[],
    );
    check(
        &format!("{ON}RemoteDisplay.vnc.ip = \"10.0.0.5\"\n"),
        &at("5903", "", "10.0.0.5"),
        &[
            "warn vnc-open RemoteDisplay.vnc: the console listens on 10.0.0.5 without a password, and the domain starts \
           only on a host with that address -> set another address to listen on in the XML, or a password",
        ],
    );
    check(
        &format!("{ON}RemoteDisplay.vnc.ip = \"esx1\"\n"),
        &at("5903", "", "127.0.0.1"),
        &[
            "warn setting-bad-value RemoteDisplay.vnc: found \"esx1\", expected an IP address; the console listens on \
           127.0.0.1 -> set the address to listen on in the XML",
        ],
    );
}

#[test]
fn a_password_is_dropped() {
    let lines = format!(
        "{ON}RemoteDisplay.vnc.ip = \"10.0.0.5\"\nRemoteDisplay.vnc.password = \"s3cret\"\n\
         RemoteDisplay.vnc.keyMap = \"de\"\n"
    );
    let graphics = at("5903", " keymap='de'", "127.0.0.1");
    let dropped = "warn vnc-password-dropped RemoteDisplay.vnc: the password of the console was left out; the console \
                   listens on 127.0.0.1 only -> --keep-vnc-password keeps it, or set passwd in the XML";
    check(&lines, &graphics, &[dropped]);
    check(
        &format!("{ON}RemoteDisplay.vnc.key = \"s3cretkey\"\n"),
        &at("5903", "", "127.0.0.1"),
        &[dropped],
    );
    let case = translated(&lines);
    assert_eq!(
        case.fate("RemoteDisplay.vnc.password"),
        "not carried: the password stands in clear text in a domain"
    );
}

#[test]
fn a_password_is_kept_if_the_caller_says_so() {
    let kept = "warn vnc-open RemoteDisplay.vnc: the console listens on all addresses; VNC's password is weak, and what \
                it shows is not encrypted -> keep the port away from networks that are not trusted";
    let cut = "info vnc-password-dropped RemoteDisplay.vnc: the password is longer than 8 bytes; VNC compares no more, \
               and the rest was cut";
    let password = |password| format!("{ON}RemoteDisplay.vnc.password = \"{password}\"\n");
    check_kept(
        &password("s3cret"),
        &at("5903", " passwd='s3cret'", "0.0.0.0"),
        &[kept],
    );
    check_kept(
        &password("s3cret-word"),
        &at("5903", " passwd='s3cret-w'", "0.0.0.0"),
        &[cut, kept],
    );
    check_kept(
        &password("s3cretüü"),
        &at("5903", " passwd='s3cretü'", "0.0.0.0"),
        &[cut, kept],
    );
    check_kept(
        &password("s3cret|01"),
        &at("5903", "", "127.0.0.1"),
        &[
            "warn vnc-password-dropped RemoteDisplay.vnc: the password of the console was not readable as text and left \
           out; the console listens on 127.0.0.1 only -> set passwd in the XML",
        ],
    );
}

#[test]
fn ports_and_layouts_that_qemu_has() {
    let local = "RemoteDisplay.vnc.enabled = \"TRUE\"\nRemoteDisplay.vnc.ip = \"127.0.0.1\"\n";
    check(local, AUTOMATIC, &[]);
    check(
        &format!("{local}RemoteDisplay.vnc.port = \"590\"\n"),
        AUTOMATIC,
        &[
            "info setting-not-carried RemoteDisplay.vnc: the console was at port 590; QEMU's VNC ports begin at 5900; \
           libvirt chooses one",
        ],
    );
    check(
        &format!("{local}RemoteDisplay.vnc.keymap = \"xx\"\n"),
        AUTOMATIC,
        &[
            "info setting-not-carried RemoteDisplay.vnc: QEMU has no keyboard layout \"xx\"; viewers of today send keys \
           that need none",
        ],
    );
    let us = translated(&format!("{local}RemoteDisplay.vnc.keymap = \"US\"\n"));
    assert!(us.devices("graphics").concat().contains("keymap='en-us'"));
}

/// The card for a VM with these lines.
fn video(lines: &str, model: Option<VideoModel>) -> Case {
    translated_with(lines, |policy| policy.video = model)
}

#[test]
fn the_card_is_vga_unless_asked_for_another() {
    let vga = "<video><model type='vga' vram='16384' primary='yes'/></video>";
    assert_eq!(
        video("svga.vramSize = \"134217728\"\n", None).devices("video"),
        [vga]
    );
    for (model, card) in [
        (
            VideoModel::Cirrus,
            "<video><model type='cirrus' primary='yes'/></video>",
        ),
        (
            VideoModel::Vmvga,
            "<video><model type='vmvga' primary='yes'/></video>",
        ),
        (
            VideoModel::Virtio,
            "<video><model type='virtio' primary='yes'/></video>",
        ),
        (VideoModel::None, "<video><model type='none'/></video>"),
    ] {
        assert_eq!(video("", Some(model)).devices("video"), [card]);
    }
    let legacy = translated_with("", |policy| policy.profile = Profile::Legacy);
    assert_eq!(
        legacy.devices("video"),
        ["<video><model type='cirrus' primary='yes'/></video>"]
    );
}

#[test]
fn screens_are_heads_where_the_card_has_them() {
    let three = "svga.present = \"TRUE\"\nsvga.numDisplays = \"3\"\n";
    let case = video(three, Some(VideoModel::Virtio));
    assert_eq!(
        case.devices("video"),
        ["<video><model type='virtio' heads='3' primary='yes'/></video>"]
    );
    assert_eq!(
        case.fate("svga.numDisplays"),
        "/domain/devices/video[1]/model/@heads"
    );
    assert_eq!(case.fate("svga.present"), "/domain/devices/video[1]");
    let case = video(three, None);
    assert_eq!(
        case.findings("setting-"),
        ["info setting-not-carried svga: 3 screens; vga has one, --video virtio has up to 16"]
    );
    let case = video("svga.numDisplays = \"99\"\n", Some(VideoModel::Virtio));
    assert!(case.devices("video").concat().contains("heads='16'"));
    assert_eq!(
        case.findings("setting-"),
        ["info setting-not-carried svga: 99 screens; virtio has up to 16"]
    );
    assert!(
        video("svga.numDisplays = \"1\"\n", None)
            .findings("setting-")
            .is_empty()
    );
}

#[test]
fn three_d_is_told() {
    let case = translated("mks.enable3d = \"TRUE\"\n");
    assert_eq!(case.findings("3d-").len(), 1);
    assert_eq!(
        case.fate("mks.enable3d"),
        "not carried: VMware's 3D adapter has no equal"
    );
    let case = translated("mks.enable3d = \"FALSE\"\n");
    assert!(case.findings("3d-").is_empty());
    assert_eq!(case.fate("mks.enable3d"), "ignored: 3D is off");
}
