use crate::vmx::extra::case::{translated, translated_with};

const GPU: &str = "pciPassthru0.present = \"TRUE\"\npciPassthru0.id = \"0000:03:00.0\"\n\
                   pciPassthru0.vendorId = \"0x10de\"\npciPassthru0.deviceId = \"0x1db6\"\n\
                   pciPassthru0.systemId = \"5c3e-1\"\npciPassthru0.pciSlotNumber = \"256\"\n\
                   pciPassthru0.colour = \"red\"\n";

#[test]
fn a_pci_device_of_the_old_host_is_told() {
    let case = translated(GPU);
    assert!(case.devices("hostdev").is_empty());
    assert_eq!(
        case.findings("passthrough-"),
        [
            "warn passthrough-not-carried pciPassthru0: the PCI device 0000:03:00.0 (vendor 0x10de, device 0x1db6) belongs \
          to the old host and was left out -> give an equal device of the new host: \
          pciPassthru0=DOMAIN:BUS:SLOT.FUNCTION"
        ]
    );
    assert_eq!(
        case.fate("pciPassthru0.id"),
        "not carried: a device of the old host"
    );
    assert_eq!(case.unknown(), ["pciPassthru0.colour"]);
}

#[test]
fn a_pci_device_with_an_equal_is_a_hostdev() {
    let case = translated_with(GPU, |policy| {
        let address = "0000:3b:00.1".parse().unwrap();
        policy
            .passthrough
            .push(("PCIPASSTHRU0".to_owned(), address));
    });
    assert_eq!(
        case.devices("hostdev"),
        [
            "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0x0000' bus='0x3b' slot='0x00' \
          function='0x1'/></source></hostdev>"
        ]
    );
    assert!(case.findings("passthrough-").is_empty());
    assert_eq!(
        case.fate("pciPassthru0.id"),
        "/domain/devices/hostdev[1]/source/address"
    );
    assert_eq!(
        case.fate("pciPassthru0.vendorId"),
        "ignored: names the device of the old host"
    );
}

#[test]
fn a_virtual_gpu_is_told_by_its_profile() {
    let case = translated(
        "pciPassthru0.present = \"TRUE\"\npciPassthru0.virtualDev = \"vmiop\"\npciPassthru0.vgpu = \"grid_p40-2q\"\n",
    );
    assert_eq!(
        case.findings("passthrough-"),
        [
            "warn passthrough-not-carried pciPassthru0: the virtual GPU \"grid_p40-2q\" belongs to the old host and was \
          left out -> make an mdev device of the new host's GPU and add it with <hostdev type='mdev'>"
        ]
    );
}

#[test]
fn of_many_devices_the_first_ones_are_told() {
    let lines: String = (0..100)
        .map(|n| format!("pciPassthru{n}.present = \"TRUE\"\n"))
        .collect();
    let findings = translated(&lines).findings("passthrough-");
    assert_eq!(findings.len(), 21);
    assert!(
        findings[20].contains("80 more PCI devices"),
        "{}",
        findings[20]
    );
}

#[test]
fn a_shared_folder_is_told_with_the_way_here() {
    let case = translated(
        "sharedFolder0.present = \"TRUE\"\nsharedFolder0.enabled = \"TRUE\"\nsharedFolder0.readAccess = \"TRUE\"\n\
         sharedFolder0.writeAccess = \"TRUE\"\nsharedFolder0.hostPath = \"/path/to/shared\"\n\
         sharedFolder0.guestName = \"shared\"\nsharedFolder0.expiration = \"never\"\nsharedFolder.maxNum = \"1\"\n",
    );
    assert_eq!(
        case.findings("shared-folder-"),
        [
            "info shared-folder-not-carried sharedFolder0: the folder \"/path/to/shared\" was shared as \"shared\" over \
          HGFS, which QEMU has not. virtiofs is the way here: <memoryBacking><source type='memfd'/><access \
          mode='shared'/></memoryBacking> and <filesystem type='mount'><driver type='virtiofs'/>...</filesystem>"
        ]
    );
    assert!(case.unknown().is_empty(), "{:?}", case.unknown());
    assert_eq!(
        case.fate("sharedFolder.maxNum"),
        "ignored: the number of the folders"
    );
}

#[test]
fn guestinfo_is_told_by_name_and_never_by_value() {
    let case = translated(
        "guestinfo.userdata = \"czNjcmV0\"\nguestinfo.userdata.encoding = \"base64\"\nguestinfo.metadata = \"s3cret\"\n\
         guestinfo.oc4vm.version = \"s3cret\"\nguestInfo.ovfEnv = \"s3cret\"\nguestinfo.vmtools.versionString = \"11\"\n",
    );
    assert_eq!(
        case.findings("guestinfo-"),
        [
            "warn guestinfo-data-source guestinfo: cloud-init or an appliance reads guestinfo.userdata, \
          guestinfo.userdata.encoding, guestinfo.metadata, guestInfo.ovfEnv from VMware, and finds nothing on KVM -> \
          give the data on a NoCloud seed image (`cloud-localds`), attached as a CD-ROM"
        ]
    );
    assert_eq!(
        case.findings("setting-"),
        [
            "info setting-not-carried guestinfo: guestinfo.oc4vm.version: QEMU has no guestinfo; values for the guest go \
          over fw_cfg or SMBIOS"
        ]
    );
    assert_eq!(
        case.fate("guestinfo.metadata"),
        "not carried: QEMU has no guestinfo"
    );
    assert!(
        case.fate("guestinfo.vmtools.versionString")
            .starts_with("ignored: ")
    );
    let said = format!("{:?}", case.translation);
    assert!(
        !said.contains("s3cret") && !said.contains("czNjcmV0"),
        "a value was told"
    );
}
