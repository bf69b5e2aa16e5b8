//! Where things are.

use crate::records::Collection;
use crate::records::check::Kind;

use super::declare::catalogue;

catalogue! {
    /// Countries, as ISO 3166-1 lists them.
    Countries: CountryFilter, CountryOrder, CountryOrderField on country,
        "Country" of CreateCountryInput, UpdateCountryInput {
        keys {
            /// Two letters from A to Z, of ISO 3166-1; no two countries have the same.
            alpha2: Kind::Letters(2) => Alpha2;
            /// Three letters from A to Z, of ISO 3166-1; no two countries have the same.
            alpha3: Kind::Letters(3) => Alpha3;
            /// Three digits, of ISO 3166-1; no two countries have the same.
            numeric_code: Kind::Digits(3) => NumericCode;
        }
        unique Alpha2;
        unique Alpha3;
        unique NumericCode;
        /// Name: 1 to 100 characters.
        name: Kind::Plain(100);
    }
}

catalogue! {
    /// Regions: states, provinces and what they are made of, as ISO 3166-2 lists them.
    Regions: RegionFilter, RegionOrder, RegionOrderField on region,
        "Region" of CreateRegionInput, UpdateRegionInput {
        owner {
            /// The key of the country that the region is part of.
            country_id: CountryId of Countries;
            /// The country that the region is part of.
            country: CountryFilter of country;
        }
        parent {
            /// The key of the region that this one is part of, in the same country.
            parent_id;
            /// The region that this one is part of.
            parent;
        }
        keys {
            /// Code of ISO 3166-2, such as `US-MA`; no two regions have the same.
            code: Kind::Subdivision => Code;
        }
        unique Code;
        /// Name: 1 to 100 characters.
        name: Kind::Plain(100);
    }
}
