//! The criteria pattern: filters, orders and pages as types, turned into conditions that bind every value.
//!
//! It knows columns, never our tables: one [`criteria!`](crate::criteria!) declaration per kind of record gives its
//! filter, its order and the permission that each field wants. The types carry async-graphql's derives as they might
//! carry serde's: their shape is what clients see, so it stands once.

mod boundary;
mod choice;
mod combine;
mod comparison;
mod cursor;
mod declare;
mod list_filter;
mod name;
mod naming;
mod operand;
mod order;
mod page;
mod phone_number;
mod seek;
mod step;
mod text;
mod text_list;
mod translation;

pub use boundary::Bounded;
pub use combine::{all_of, any_of};
pub use comparison::{BooleanFilter, Comparison, DateFilter, DateTimeFilter, FloatFilter, IntFilter, UuidFilter};
pub use list_filter::{ListFilter, input};
pub use name::{client_name, is_client_name};
pub use naming::{Identified, Named, Naming};
pub use operand::{Bind, Members, Operand};
pub use order::{Direction, Order, OrderField, Ordering, Term};
pub use page::{DEFAULT_PER_PAGE, MAX_OFFSET, MAX_PER_PAGE, Page, PageArguments, PageInput};
pub use phone_number::PhoneNumberFilter;
pub use seek::{Seek, seek};
pub use step::{Related, Step};
pub use text::TextFilter;
pub use text_list::TextListFilter;
pub use translation::{
    Filter, MAX_CONDITIONS, MAX_FILTER_DEPTH, MAX_FILTER_OPERANDS, MAX_FILTER_PARTS, MAX_OPERAND_LENGTH, MAX_OPERANDS,
    Operators, Translation,
};

/// What can be listed: an entity with its filter and its order.
pub trait Criteria: Send + Sync + 'static {
    /// The table.
    type Entity: sea_orm::EntityTrait;
    /// Which rows.
    type Filter: Filter;
    /// In which order.
    type Order: Order<Column = <Self::Entity as sea_orm::EntityTrait>::Column>;

    /// What a column wants beyond the permission that the record wants; none for most.
    #[must_use]
    fn permission(_column: &str) -> Option<crate::scope::Permission> {
        None
    }
}
