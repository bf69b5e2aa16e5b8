use crate::records::dependent::{
    AddIdentifierInput, IdentifierFilter, IdentifierOrder, RemoveIdentifierInput, UpdateIdentifierInput,
};

use super::declare::dependent;

dependent! {
    /// What others know a patient by, such as a medical record number.
    Identifier: Identifiers on identifier {
        fields {
            /// What it is.
            value: &str;
            /// Who gives such numbers, as a URI; null when unknown.
            system: Option<&str>;
            /// What kind of number, in the codes of HL7's table 0203, such as MR; null when unknown.
            type_code: Option<&str>;
        }
    }
    IdentifierQuery {
        /// The identifier with this key; null when there is none, or it was removed.
        identifier;
        /// What others know patients by, the oldest first unless another order is asked for.
        identifiers: IdentifierFilter, IdentifierOrder;
    }
    IdentifierMutation {
        /// Adds an identifier to a patient.
        add_identifier: AddIdentifierInput => AddIdentifierPayload;
        /// Changes an identifier of a patient. What is left out stays as it is.
        update_identifier: UpdateIdentifierInput => UpdateIdentifierPayload;
        /// Removes an identifier of a patient. It stays as a tombstone that no read shows.
        remove_identifier: RemoveIdentifierInput => RemoveIdentifierPayload;
    }
}
