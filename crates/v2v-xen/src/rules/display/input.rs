//! Mouse, keyboard, tablet.

use crate::work::Work;

pub(super) fn set_bus(work: &mut Work<'_>) {
    for input in work.all("devices/input") {
        if work.attribute(input, "bus") != "xen" {
            continue;
        }
        let bus = match work.attribute(input, "type").as_str() {
            "mouse" | "keyboard" => "ps2",
            _ => "usb",
        };
        work.set_attribute(input, "bus", bus);
    }
}
