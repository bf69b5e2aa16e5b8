use entity::address::{ActiveModel, Column};

use crate::criteria::{BooleanFilter, FloatFilter, TextFilter};
use crate::database::Transaction;
use crate::error::{FaultCode, Result};
use crate::records::Collection;
use crate::records::catalogue::{CountryFilter, RegionFilter, check_region};
use crate::records::check::{Check, Kind, MAX_ADDRESS};
use crate::scope::Scope;

use super::belonging::Dependent;
use super::choice::{AddressPurpose, AddressPurposeFilter};
use super::declare::dependent;
use super::rule::{AsTold, Between};

dependent! {
    /// Patients' postal addresses.
    Addresses: AddressFilter, AddressOrder, AddressOrderField on address,
        "Address" of AddressItemInput, AddAddressInput, UpdateAddressInput, RemoveAddressInput for ReadPatients {
        required {
            /// Street and number: 1 to 500 characters.
            street: String, Kind::Plain(MAX_ADDRESS) => Street, TextFilter;
        }
        optional {
            /// City: 1 to 100 characters.
            city: String, Kind::Plain(100) => City, TextFilter;
            /// Postal code: 1 to 20 characters.
            postal_code: String, Kind::Plain(20) => PostalCode, TextFilter;
            /// Latitude: -90 to 90 degrees, north positive (WGS 84). It is known together with the longitude.
            latitude: f64, Between(-90.0, 90.0) => Latitude, FloatFilter;
            /// Longitude: -180 to 180 degrees, east positive (WGS 84).
            longitude: f64, Between(-180.0, 180.0) => Longitude, FloatFilter;
            /// What it is for.
            purpose: AddressPurpose, AsTold => Purpose, AddressPurposeFilter;
        }
        given {
            /// Whether it is the one to use; of a patient's, one at most.
            is_primary: bool = false => IsPrimary, BooleanFilter;
        }
        choices {
            /// Key of the country.
            country_id: Countries => CountryId;
            /// The country.
            country: CountryFilter of country;
            /// Key of the region, which is in the country.
            region_id: Regions => RegionId;
            /// The region.
            region: RegionFilter of region;
        }
        order CreatedAt Asc;
    }
}

impl Dependent for Addresses {
    fn unique() -> &'static [&'static [Column]] {
        &[&[Column::PatientId, Column::IsPrimary]]
    }

    fn consistent(whole: &ActiveModel, check: &mut Check) {
        let is_known = |value: &sea_orm::ActiveValue<Option<f64>>| value.try_as_ref().is_some_and(Option::is_some);
        for (known, field, other) in [
            (is_known(&whole.latitude), "longitude", is_known(&whole.longitude)),
            (is_known(&whole.longitude), "latitude", is_known(&whole.latitude)),
        ] {
            if known && !other {
                check.fault(&[field], FaultCode::Required, "latitude and longitude are known together");
            }
        }
    }

    async fn fits(whole: &ActiveModel, check: &mut Check, scope: &Scope, tx: &Transaction) -> Result<()> {
        let keys = (whole.region_id.try_as_ref().copied().flatten(), whole.country_id.try_as_ref().copied().flatten());
        check_region(keys, check, scope, tx).await
    }
}
