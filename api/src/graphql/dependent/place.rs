use crate::graphql::catalogue::{Country, Region};
use crate::records::dependent::{
    AddAddressInput, AddressFilter, AddressOrder, AddressPurpose, RemoveAddressInput, UpdateAddressInput,
};

use super::declare::dependent;

dependent! {
    /// A postal address of a patient.
    Address: Addresses on address {
        fields {
            /// Street and number.
            street: &str;
            /// City; null when unknown.
            city: Option<&str>;
            /// Postal code; null when unknown.
            postal_code: Option<&str>;
            /// Latitude in degrees, north positive (WGS 84); null when unknown.
            latitude: Option<f64>;
            /// Longitude in degrees, east positive (WGS 84); null when unknown.
            longitude: Option<f64>;
            /// What it is for; null when unknown.
            purpose: Option<AddressPurpose>;
            /// Whether it is the one to use.
            is_primary: bool;
        }
        ones {
            /// The country; null when unknown.
            country: Country => CountryId;
            /// The region; null when unknown.
            region: Region => RegionId;
        }
    }
    AddressQuery {
        /// The address with this key; null when there is none, or it was removed.
        address;
        /// Patients' postal addresses, the oldest first unless another order is asked for.
        addresses: AddressFilter, AddressOrder;
    }
    AddressMutation {
        /// Adds a postal address to a patient.
        add_address: AddAddressInput => AddAddressPayload;
        /// Changes a postal address of a patient. What is left out stays as it is.
        update_address: UpdateAddressInput => UpdateAddressPayload;
        /// Removes a postal address of a patient. It stays as a tombstone that no read shows.
        remove_address: RemoveAddressInput => RemoveAddressPayload;
    }
}
