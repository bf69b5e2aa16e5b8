//! What people are.

use entity::blood_type_compatibility::{Column, Entity};
use sea_orm::{EntityTrait, QueryOrder, QuerySelect};
use uuid::Uuid;

use crate::database::Reader;
use crate::error::Result;
use crate::records::Collection;
use crate::records::check::Kind;
use crate::scope::Scope;

use super::declare::catalogue;

catalogue! {
    /// Sexes for administration, such as the one recorded at birth.
    Sexes: SexFilter, SexOrder, SexOrderField on sex,
        "Sex" of CreateSexInput, UpdateSexInput {
        keys {
            /// Code: 1 to 20 characters of printable ASCII without spaces; no two entries have the same.
            code: Kind::Code(20) => Code;
        }
        unique Code;
        /// Name: 1 to 100 characters.
        name: Kind::Plain(100);
    }
}

catalogue! {
    /// Genders that people identify with.
    Genders: GenderFilter, GenderOrder, GenderOrderField on gender,
        "Gender" of CreateGenderInput, UpdateGenderInput {
        keys {
            /// Code: 1 to 20 characters of printable ASCII without spaces; no two entries have the same.
            code: Kind::Code(20) => Code;
        }
        unique Code;
        /// Name: 1 to 100 characters.
        name: Kind::Plain(100);
    }
}

catalogue! {
    /// Blood types: ABO with the rhesus factor.
    BloodTypes: BloodTypeFilter, BloodTypeOrder, BloodTypeOrderField on blood_type,
        "BloodType" of CreateBloodTypeInput, UpdateBloodTypeInput {
        keys {
            /// Code: 1 to 20 characters of printable ASCII without spaces; no two entries have the same.
            code: Kind::Code(20) => Code;
        }
        unique Code;
        /// Name: 1 to 100 characters.
        name: Kind::Plain(100);
    }
}

/// Which way red cells go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// From a blood type to others.
    Gives,
    /// To a blood type from others.
    Receives,
}

impl BloodTypes {
    /// Every blood type with each that it can give red cells to, or can receive them from.
    ///
    /// # Errors
    /// `Forbidden`, and as any read.
    pub async fn compatible(scope: &Scope, reader: &Reader, way: Way) -> Result<Vec<(Uuid, Uuid)>> {
        Self::permit(scope)?;
        let (own, other) = match way {
            Way::Gives => (Column::DonorId, Column::RecipientId),
            Way::Receives => (Column::RecipientId, Column::DonorId),
        };
        let pairs = Entity::find().select_only().columns([own, other]).order_by_asc(own).order_by_asc(other);
        Ok(pairs.into_tuple().all(reader).await?)
    }
}
