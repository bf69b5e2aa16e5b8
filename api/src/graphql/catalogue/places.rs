use entity::{medical_institution, region};

use crate::graphql::medical_institution::MedicalInstitution;
use crate::records::Link;
use crate::records::catalogue::{
    CountryFilter, CountryOrder, CreateCountryInput, CreateRegionInput, RegionFilter, RegionOrder, UpdateCountryInput,
    UpdateRegionInput,
};
use crate::records::medical_institution::{MedicalInstitutionFilter, MedicalInstitutionOrder};

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
        lists {
            /// The regions of the country, of all levels.
            regions: Region, RegionFilter, RegionOrder => Link::by(region::Column::CountryId);
            /// The institutions in the country.
            institutions: MedicalInstitution, MedicalInstitutionFilter, MedicalInstitutionOrder => Link::by(medical_institution::Column::CountryId);
        }
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
            country: Country => CountryId as country_id;
            /// The region that this one is part of; null for those of the first level.
            parent: Region => ParentId as parent_id;
        }
        lists {
            /// The regions that are part of this one.
            children: Region, RegionFilter, RegionOrder => Link::by(region::Column::ParentId);
            /// The institutions in the region.
            institutions: MedicalInstitution, MedicalInstitutionFilter, MedicalInstitutionOrder => Link::by(medical_institution::Column::RegionId);
        }
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
