use async_graphql::indexmap::IndexMap;
use async_graphql::registry::{MetaInputValue, Registry};
use async_graphql::{InputType, Name, Pos, ServerError, Value};

use crate::criteria::{Criteria, PageArguments, PageInput, input};

/// The arguments of a list, where they are not a resolver's own.
pub(super) struct ListArguments<C: Criteria> {
    pub(super) filter: Option<C::Filter>,
    pub(super) order: Vec<C::Order>,
    pub(super) page: PageArguments,
}

impl<C: Criteria> ListArguments<C> {
    pub(super) fn parse(arguments: &[(Name, Value)]) -> Result<Self, ServerError> {
        let page = PageArguments {
            page: given(arguments, "page")?,
            first: given(arguments, "first")?,
            after: given(arguments, "after")?,
            last: given(arguments, "last")?,
            before: given(arguments, "before")?,
        };
        let order: Option<Vec<C::Order>> = given(arguments, "order")?;
        Ok(Self { filter: given(arguments, "filter")?, order: order.unwrap_or_default(), page })
    }
}

fn given<T: InputType>(arguments: &[(Name, Value)], name: &str) -> Result<Option<T>, ServerError> {
    let value = arguments.iter().find(|(given, _)| given == name).map(|(_, value)| value.clone());
    Option::<T>::parse(value).map_err(|error| error.into_server_error(Pos::default()))
}

/// The same for the schema.
pub(super) fn described<C: Criteria>(registry: &mut Registry) -> IndexMap<String, MetaInputValue> {
    let arguments = [
        ("filter", Option::<C::Filter>::create_type_info(registry), "Which records; all when left out."),
        ("order", Option::<Vec<C::Order>>::create_type_info(registry), "In which order."),
        (
            "page",
            Option::<PageInput>::create_type_info(registry),
            "A numbered page; the first ten records when no page is asked for in either way.",
        ),
        (
            "first",
            Option::<i32>::create_type_info(registry),
            "That many from the start, or from `after`: 1000 at most.",
        ),
        ("after", Option::<String>::create_type_info(registry), "Only what follows this cursor."),
        ("last", Option::<i32>::create_type_info(registry), "That many from the end, or from `before`: 1000 at most."),
        ("before", Option::<String>::create_type_info(registry), "Only what precedes this cursor."),
    ];
    let argument = |(name, ty, description): (&str, String, &str)| (name.to_owned(), input(name, description, ty));
    arguments.into_iter().map(argument).collect()
}
