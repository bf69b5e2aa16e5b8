//! What ways of reaching somebody are for.

use crate::records::Collection;
use crate::records::check::Kind;

use super::declare::catalogue;

catalogue! {
    /// Email types: what an email address is for.
    EmailTypes: EmailTypeFilter, EmailTypeOrder, EmailTypeOrderField on email_type,
        "EmailType" of CreateEmailTypeInput, UpdateEmailTypeInput {
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
    /// Phone types: what a phone number is for.
    PhoneTypes: PhoneTypeFilter, PhoneTypeOrder, PhoneTypeOrderField on phone_type,
        "PhoneType" of CreatePhoneTypeInput, UpdatePhoneTypeInput {
        keys {
            /// Code: 1 to 20 characters of printable ASCII without spaces; no two entries have the same.
            code: Kind::Code(20) => Code;
        }
        unique Code;
        /// Name: 1 to 100 characters.
        name: Kind::Plain(100);
    }
}
