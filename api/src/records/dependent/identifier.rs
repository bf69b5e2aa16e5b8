use crate::criteria::TextFilter;
use crate::records::Collection;
use crate::records::check::Kind;

use super::belonging::Dependent;
use super::declare::dependent;

dependent! {
    /// What others know patients by, such as medical record numbers.
    Identifiers: IdentifierFilter, IdentifierOrder, IdentifierOrderField on identifier,
        "Identifier" of IdentifierItemInput, AddIdentifierInput, UpdateIdentifierInput, RemoveIdentifierInput for ReadPatients {
        required {
            /// What it is: 1 to 200 characters; no two of a patient's and of one system are the same.
            value: String, Kind::Plain(200) => Value, TextFilter;
        }
        optional {
            /// Who gives such numbers, as a URI: 1 to 200 characters.
            system: String, Kind::Plain(200) => System, TextFilter;
            /// What kind of number, in the codes of HL7's table 0203, such as MR: 1 to 50 characters.
            type_code: String, Kind::Plain(50) => TypeCode, TextFilter;
        }
        order CreatedAt Asc;
    }
}

impl Dependent for Identifiers {
    fn unique() -> &'static [&'static [entity::identifier::Column]] {
        use entity::identifier::Column::{PatientId, System, Value};
        &[&[PatientId, System, Value]]
    }

    fn identifying() -> &'static [entity::identifier::Column] {
        &[entity::identifier::Column::Value]
    }
}
