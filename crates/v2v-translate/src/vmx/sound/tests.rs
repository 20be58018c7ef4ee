use crate::policy::{Machine, SoundModel};
use crate::vmx::extra::case::{MODERN, translated, translated_with};

/// Checks the card of a guest whose configuration has these lines about sound.
#[track_caller]
fn check(lines: &str, cards: &[&str], findings: &[&str]) {
    let case = translated(lines);
    assert_eq!(case.devices("sound"), cards, "{lines}");
    assert_eq!(case.findings("sound-"), findings, "{lines}");
    assert!(case.unknown().is_empty(), "{:?}", case.unknown());
}

const ES1371: &str = "info sound-model-changed sound: QEMU has no ES1371; the card became an ES1370, which has \
                      another driver in most guests";

#[test]
fn the_card_of_the_source_by_its_name() {
    for (name, card, findings) in [
        ("sb16", "<sound model='sb16'/>", &[][..]),
        ("HDAudio", "<sound model='ich9'/>", &[]),
        ("es1371", "<sound model='es1370'/>", &[ES1371]),
        (
            "gus",
            "<sound model='es1370'/>",
            &["info sound-model-changed sound: no card is called \"gus\"; it became es1370"],
        ),
    ] {
        let lines = format!(
            "{MODERN}sound.present = \"TRUE\"\nsound.virtualDev = \"{name}\"\nsound.fileName = \"-1\"\n\
             sound.autodetect = \"TRUE\"\nsound.pciSlotNumber = \"34\"\nsound.startConnected = \"FALSE\"\n"
        );
        check(&lines, &[card], findings);
    }
}

#[test]
fn a_card_without_a_name_is_that_of_the_guest() {
    check(
        "guestOS = \"debian12-64\"\nsound.present = \"TRUE\"\n",
        &["<sound model='es1370'/>"],
        &[ES1371],
    );
    check(
        "guestOS = \"windows9-64\"\nsound.present = \"TRUE\"\n",
        &["<sound model='ich9'/>"],
        &[],
    );
}

#[test]
fn no_card_without_one_in_the_source() {
    check(MODERN, &[], &[]);
    check(
        "sound.present = \"FALSE\"\nsound.virtualDev = \"hdaudio\"\n",
        &[],
        &[],
    );
}

#[test]
fn the_machine_decides_between_the_two_of_intel() {
    let lines = "guestOS = \"windows9-64\"\nsound.present = \"TRUE\"\n";
    let case = translated_with(lines, |policy| policy.machine = Some(Machine::Pc));
    assert_eq!(case.devices("sound"), ["<sound model='ich6'/>"]);
}

#[test]
fn the_caller_decides_with_and_without_a_card_in_the_source() {
    let lines = "sound.present = \"TRUE\"\nsound.virtualDev = \"es1371\"\n";
    let case = translated_with(lines, |policy| policy.sound = Some(SoundModel::Ac97));
    assert_eq!(case.devices("sound"), ["<sound model='ac97'/>"]);
    assert!(case.findings("sound-").is_empty());
    assert_eq!(
        case.fate("sound.virtualDev"),
        "/domain/devices/sound[1]/@model"
    );
    let case = translated_with("", |policy| policy.sound = Some(SoundModel::Sb16));
    assert_eq!(case.devices("sound"), ["<sound model='sb16'/>"]);
    let case = translated_with(lines, |policy| policy.sound = Some(SoundModel::None));
    assert!(case.devices("sound").is_empty());
    assert_eq!(
        case.fate("sound.virtualDev"),
        "ignored: no sound card was asked for"
    );
}
