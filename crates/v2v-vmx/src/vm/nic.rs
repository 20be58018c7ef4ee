//! Network adapters.

use super::Presence;
use super::group::Group;
use crate::EntryId;
use crate::value::{MacAddress, Setting, Uuid, words};

/// `ethernetN`, present or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nic {
    /// Its number.
    pub index: u32,
    /// Whether it is there.
    pub presence: Presence,
    /// `virtualDev`: the model, as it is spelt.
    pub virtual_dev: Option<Setting<String>>,
    /// `addressType`.
    pub address_type: Option<Setting<AddressType>>,
    /// `address`: the static address.
    pub address: Option<Setting<MacAddress>>,
    /// `generatedAddress`: the one VMware or vCenter made.
    pub generated_address: Option<Setting<MacAddress>>,
    /// `generatedAddressOffset`: what was added to the address made of the uuid.
    pub generated_address_offset: Option<Setting<i64>>,
    /// `connectionType`.
    pub connection_type: Option<Setting<ConnectionType>>,
    /// `networkName`: a port group of ESXi, or a network of Workstation.
    pub network_name: Option<Setting<String>>,
    /// `vnet`: a virtual switch of Workstation, such as `VMnet8` or `/dev/vmnet8`.
    pub vnet: Option<Setting<String>>,
    /// `displayName`: what the switch is called.
    pub display_name: Option<Setting<String>>,
    /// `pvnID` of a LAN segment of Workstation.
    pub pvn_id: Option<Setting<String>>,
    /// `dvs.switchId`.
    pub dvs_switch_id: Option<Setting<String>>,
    /// `dvs.portId`.
    pub dvs_port_id: Option<Setting<String>>,
    /// `dvs.portgroupId`.
    pub dvs_portgroup_id: Option<Setting<String>>,
    /// `dvs.connectionId`.
    pub dvs_connection_id: Option<Setting<String>>,
    /// `opaqueNetwork.id`.
    pub opaque_network_id: Option<Setting<String>>,
    /// `opaqueNetwork.type`.
    pub opaque_network_type: Option<Setting<String>>,
    /// `startConnected`.
    pub start_connected: Option<Setting<bool>>,
    /// `wakeOnPcktRcv`.
    pub wake_on_packet: Option<Setting<bool>>,
    /// `pciSlotNumber`, from which a guest names the adapter (192: ens192).
    pub pci_slot_number: Option<Setting<i64>>,
    /// All keys of the adapter.
    pub ids: Vec<EntryId>,
}

/// `addressType`: who chose the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AddressType {
    /// A person.
    Static,
    /// The host.
    Generated,
    /// vCenter.
    Vpx,
}

words!(AddressType, "static, generated or vpx", {
    "static" => Self::Static,
    "generated" => Self::Generated,
    "vpx" => Self::Vpx,
});

/// `connectionType`: what the adapter is plugged into.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectionType {
    /// The host's network.
    Bridged,
    /// A private network behind the host's address.
    Nat,
    /// A private network with the host.
    HostOnly,
    /// The switch in `vnet`.
    Custom,
    /// A LAN segment.
    Pvn,
}

words!(ConnectionType, "bridged, nat, hostonly, custom or pvn", {
    "bridged" => Self::Bridged,
    "nat" => Self::Nat,
    "hostonly" => Self::HostOnly,
    "custom" => Self::Custom,
    "pvn" => Self::Pvn,
});

impl Nic {
    pub(super) fn read(index: u32, group: &mut Group<'_, '_>) -> Self {
        Self {
            index,
            presence: group.presence(&[
                "address",
                "generatedaddress",
                "networkname",
                "connectiontype",
                "virtualdev",
            ]),
            virtual_dev: group.text("virtualdev"),
            address_type: group.read_filled("addresstype"),
            address: group.read_filled("address"),
            generated_address: group.read_filled("generatedaddress"),
            generated_address_offset: group.read_filled("generatedaddressoffset"),
            connection_type: group.read_filled("connectiontype"),
            network_name: group.text("networkname"),
            vnet: group.text("vnet"),
            display_name: group.text("displayname"),
            pvn_id: group.text("pvnid"),
            dvs_switch_id: group.text("dvs.switchid"),
            dvs_port_id: group.text("dvs.portid"),
            dvs_portgroup_id: group.text("dvs.portgroupid"),
            dvs_connection_id: group.text("dvs.connectionid"),
            opaque_network_id: group.text("opaquenetwork.id"),
            opaque_network_type: group.text("opaquenetwork.type"),
            start_connected: group.read("startconnected"),
            wake_on_packet: group.read("wakeonpcktrcv"),
            pci_slot_number: group.read_filled("pcislotnumber"),
            ids: group.ids(),
        }
    }

    /// The address the guest sees: `address` if it is static, else `generatedAddress`; the other one if that is missing.
    #[must_use]
    pub fn mac(&self) -> Option<Setting<MacAddress>> {
        let is_static = self.address_type.map(|setting| setting.value) == Some(AddressType::Static);
        if is_static {
            self.address.or(self.generated_address)
        } else {
            self.generated_address.or(self.address)
        }
    }

    /// The address VMware would make at the next start: 00:0c:29, then the last three bytes of `uuid.bios` plus the
    /// offset, which is 10 for each adapter before this one.
    #[must_use]
    pub fn mac_from_uuid(&self, uuid: &Uuid) -> MacAddress {
        let Uuid([.., a, b, c]) = *uuid;
        let offset = self.generated_address_offset.map_or_else(
            || i64::from(self.index).wrapping_mul(10),
            |setting| setting.value,
        );
        let number = i64::from(u32::from_be_bytes([0, a, b, c])).wrapping_add(offset);
        let [.., a, b, c] = number.to_be_bytes();
        MacAddress([0x00, 0x0c, 0x29, a, b, c])
    }
}
