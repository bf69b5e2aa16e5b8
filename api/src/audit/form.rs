use serde::{Deserialize, Serialize};

/// How an entry is kept and hashed. Entries never change, so each form stays readable for as long as entries of it are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "i16", try_from = "i16")]
pub(super) enum Form {
    /// Names one patient at most.
    #[default]
    First,
    /// Names up to [`MAX_PATIENTS`](crate::deed::MAX_PATIENTS) patients of one institution, and the question that was asked.
    Second,
}

impl Form {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
    pub(super) fn is_first(&self) -> bool {
        *self == Self::First
    }
}

impl From<Form> for i16 {
    fn from(form: Form) -> Self {
        match form {
            Form::First => 1,
            Form::Second => 2,
        }
    }
}

/// A form that this program does not know.
#[derive(Debug, thiserror::Error)]
#[error("audit entries of form {0} are unknown")]
pub(super) struct Unknown(i16);

impl TryFrom<i16> for Form {
    type Error = Unknown;

    fn try_from(number: i16) -> Result<Self, Unknown> {
        match number {
            1 => Ok(Self::First),
            2 => Ok(Self::Second),
            _ => Err(Unknown(number)),
        }
    }
}
