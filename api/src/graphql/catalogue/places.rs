use entity::{medical_institution, region};

use crate::graphql::many::ToMany;
use crate::graphql::medical_institution::MedicalInstitution;
use crate::records::catalogue::{
    CountryFilter, CountryOrder, CreateCountryInput, CreateRegionInput, RegionFilter, RegionOrder, UpdateCountryInput,
    UpdateRegionInput,
};

use super::declare::catalogue;

catalogue! {
    /// A country or territory, of ISO 3166-1.
    Country: Countries on country {
        texts {
            /// Two letters, of ISO 3166-1.
            alpha2;
            /// Three letters, of ISO 3166-1.
            alpha3;
            /// Three digits, of ISO 3166-1.
            numeric_code;
        }
        many &[
            &ToMany::<Region> {
                name: "regions",
                description: "The regions of the country, of all levels.",
                by: region::Column::CountryId,
            },
            &ToMany::<MedicalInstitution> {
                name: "institutions",
                description: "The institutions in the country.",
                by: medical_institution::Column::CountryId,
            },
        ];
    }
    CountryQuery {
        /// The country with this key; null when there is none.
        country;
        /// Countries, inactive ones too, by name unless another order is asked for.
        countries: CountryFilter, CountryOrder;
    }
    CountryMutation {
        /// Creates a country, in the catalogue of all institutions.
        create_country: CreateCountryInput => CreateCountryPayload;
        /// Changes a country, or makes it inactive. What is left out stays as it is.
        update_country: UpdateCountryInput => UpdateCountryPayload;
    }
}

catalogue! {
    /// A state, a province or a part of one, of ISO 3166-2.
    Region: Regions on region {
        texts {
            /// Code of ISO 3166-2, such as `US-MA`.
            code;
        }
        ones {
            /// The country that the region is part of.
            country: Country => CountryId;
            /// The region that this one is part of; null for those of the first level.
            parent: Region => ParentId;
        }
        many &[
            &ToMany::<Region> {
                name: "children",
                description: "The regions that are part of this one.",
                by: region::Column::ParentId,
            },
            &ToMany::<MedicalInstitution> {
                name: "institutions",
                description: "The institutions in the region.",
                by: medical_institution::Column::RegionId,
            },
        ];
    }
    RegionQuery {
        /// The region with this key; null when there is none.
        region;
        /// Regions, inactive ones too, by name unless another order is asked for.
        regions: RegionFilter, RegionOrder;
    }
    RegionMutation {
        /// Creates a region, in the catalogue of all institutions.
        create_region: CreateRegionInput => CreateRegionPayload;
        /// Changes a region, or makes it inactive. What is left out stays as it is.
        update_region: UpdateRegionInput => UpdateRegionPayload;
    }
}
