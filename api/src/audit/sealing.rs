use std::borrow::Cow;
use std::fmt::Debug;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// Seals what the trail keeps as evidence and nobody who reads the trail may see: the arguments of questions.
pub trait Sealer: Debug + Send + Sync {
    /// The arguments of a question that was asked in this request, to be opened only as such. None when they cannot be
    /// sealed: then nothing of what was asked may be shown.
    fn seal(&self, request: Uuid, arguments: &[u8]) -> Option<Vec<u8>>;
}

/// What a [`Sealer`] made. In JSON it is hexadecimal, which both databases read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sealed(pub(super) Vec<u8>);

impl Serialize for Sealed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for Sealed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<str>::deserialize(deserializer)?;
        hex::decode(text.as_bytes()).map(Self).map_err(serde::de::Error::custom)
    }
}
