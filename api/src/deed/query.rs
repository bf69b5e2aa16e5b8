use super::Names;

/// A question whose answer depended on records that it may not have shown: a filter, an order, a count or a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditQuery {
    /// Fields and operators that decided, such as `last_name.startsWith`. Never values.
    pub operators: Names,
    /// Number of records that matched; none where it was not counted.
    pub matched: Option<u64>,
    /// The arguments as JSON, values included. They are patient data: sealed before they are kept, and never logged.
    pub arguments: String,
}
