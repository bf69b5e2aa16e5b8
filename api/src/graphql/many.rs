use std::collections::HashMap;
use std::sync::Arc;

use async_graphql::indexmap::IndexMap;
use async_graphql::registry::{MetaField, Registry};
use async_graphql::{Name, OutputType, SelectionField, Value};
use futures_util::future::{BoxFuture, join_all};
use uuid::Uuid;

use crate::criteria::PageArguments;
use crate::error::Error;
use crate::records::{Collection, Deleted, Listing, Nested, Query, Wanted};
use crate::scope::Permission;

use super::arguments::{ListArguments, described};
use super::connection::{Connection, selected, wanted};
use super::context;
use super::object::{At, ToJson};
use super::one::joins;
use super::record::{Column, Record, columns};
use super::shown::{Shown, show};

/// A list of records that belong to a record: a field whose value is a connection. It is nullable where whoever may read the
/// record may not be allowed to read the list.
pub(super) struct ToMany<C: Record> {
    /// The field's name.
    pub(super) name: &'static str,
    /// The field's description.
    pub(super) description: &'static str,
    /// The column that says what the list's records belong to.
    pub(super) by: Column<C>,
}

/// What a record's type needs to know of its lists, whatever they are lists of.
pub(super) trait Many: Sync {
    fn name(&self) -> &'static str;

    /// The field for the schema, of a record for which callers must be allowed this.
    fn describe(&self, registry: &mut Registry, allowed: &[Permission]) -> MetaField;

    /// Reads the lists of the records with these keys, as far as `selections` show them.
    fn read<'a>(
        &'a self,
        context: &'a context::Context,
        asked: &'a Asked<'a>,
        keys: &'a [Uuid],
    ) -> BoxFuture<'a, Arc<dyn Read>>;
}

/// Lists that were read, one for each record.
pub(super) trait Read: Send + Sync {
    /// Writes the list of the record with this key.
    fn write(&self, key: Uuid, at: &At<'_, '_>, json: &mut Vec<u8>) -> async_graphql::Result<()>;
}

/// A field with its arguments, however often and under whatever names it was asked for.
pub(super) struct Asked<'a> {
    many: &'static dyn Many,
    arguments: Vec<(Name, Value)>,
    selections: Vec<SelectionField<'a>>,
}

impl<'a> Asked<'a> {
    /// What is selected of a value that is no page.
    pub(super) fn fields(&self) -> Vec<SelectionField<'a>> {
        self.selections.iter().flat_map(SelectionField::selection_set).collect()
    }
}

/// The lists of some records.
pub(super) struct Lists(Vec<Answered>);

/// What was read for a field with its arguments.
struct Answered {
    field: &'static str,
    arguments: Vec<(Name, Value)>,
    read: Arc<dyn Read>,
}

impl Lists {
    /// Reads what `fields` ask for of the records with these keys: what was asked with the same arguments, once.
    pub(super) async fn read<R: Record>(
        context: &context::Context,
        fields: &[SelectionField<'_>],
        keys: &[Uuid],
    ) -> Option<Arc<Self>> {
        let mut asked: Vec<Asked<'_>> = Vec::new();
        for field in fields {
            let Some(many) = R::MANY.iter().copied().find(|many| many.name() == field.name()) else { continue };
            let Ok(arguments) = field.arguments() else { continue };
            match asked.iter_mut().find(|asked| asked.many.name() == field.name() && asked.arguments == arguments) {
                Some(asked) => asked.selections.push(*field),
                None => asked.push(Asked { many, arguments, selections: vec![*field] }),
            }
        }
        if asked.is_empty() || keys.is_empty() {
            return None;
        }
        let read = join_all(asked.iter().map(|asked| asked.many.read(context, asked, keys))).await;
        let lists = asked.into_iter().zip(read).map(|(asked, read)| Answered {
            field: asked.many.name(),
            arguments: asked.arguments,
            read,
        });
        Some(Arc::new(Self(lists.collect())))
    }

    /// What was read for the current field, which is called `field`.
    pub(super) fn of<'l>(lists: Option<&'l Self>, field: &str, at: &At<'_, '_>) -> async_graphql::Result<&'l dyn Read> {
        let arguments = at.arguments()?;
        let mut own = lists.into_iter().flat_map(|lists| &lists.0);
        let answered = own.find(|answered| answered.field == field && answered.arguments == arguments);
        Ok(&*answered.ok_or_else(|| Error::internal("a list that nobody read"))?.read)
    }
}

/// Lists of one kind, by the keys of what they belong to.
struct Connections<C: Record>(Result<HashMap<Uuid, Connection<C>>, async_graphql::Error>);

impl<C: Record> Read for Connections<C> {
    fn write(&self, key: Uuid, at: &At<'_, '_>, json: &mut Vec<u8>) -> async_graphql::Result<()> {
        let list = self.0.as_ref().map_err(Clone::clone)?.get(&key);
        list.ok_or_else(|| Error::internal("a list of a record that nobody asked for"))?.to_json(at, json)
    }
}

/// A field without arguments, for the schema.
pub(super) fn field(name: &str, description: &str, ty: String) -> MetaField {
    MetaField {
        name: name.to_owned(),
        description: Some(description.to_owned()),
        args: IndexMap::new(),
        ty,
        deprecation: async_graphql::registry::Deprecation::default(),
        cache_control: async_graphql::CacheControl::default(),
        external: false,
        requires: None,
        provides: None,
        visible: None,
        shareable: false,
        inaccessible: false,
        tags: Vec::new(),
        override_from: None,
        compute_complexity: None,
        directive_invocations: Vec::new(),
        requires_scopes: Vec::new(),
    }
}

impl<C: Record> Many for ToMany<C> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn describe(&self, registry: &mut Registry, allowed: &[Permission]) -> MetaField {
        let is_hidden = C::Collection::NEEDS.iter().any(|needed| !allowed.contains(needed));
        let ty = if is_hidden {
            <Option<Connection<C>> as OutputType>::create_type_info(registry)
        } else {
            <Connection<C> as OutputType>::create_type_info(registry)
        };
        MetaField { args: described::<C::Collection>(registry), ..field(self.name, self.description, ty) }
    }

    fn read<'a>(
        &'a self,
        context: &'a context::Context,
        asked: &'a Asked<'a>,
        keys: &'a [Uuid],
    ) -> BoxFuture<'a, Arc<dyn Read>> {
        Box::pin(async move {
            let read: Arc<dyn Read> = Arc::new(Connections::<C>(self.connections(context, asked, keys).await));
            read
        })
    }
}

impl<C: Record> ToMany<C> {
    async fn connections(
        &self,
        context: &context::Context,
        asked: &Asked<'_>,
        keys: &[Uuid],
    ) -> async_graphql::Result<HashMap<Uuid, Connection<C>>> {
        let ListArguments { filter, order, page } = ListArguments::<C::Collection>::parse(&asked.arguments)?;
        let fields: Vec<_> = asked.selections.iter().flat_map(|field| selected(*field)).collect();
        let wanted = asked.selections.iter().map(|field| wanted(*field));
        let wanted = wanted.fold(Wanted::default(), Wanted::or);
        let (deleted, columns, joins) = (Deleted::Excluded, columns::<C>(&fields), joins::<C>(context, &fields));
        let nested = Nested { query: Query { filter, order, page, deleted, columns, joins, wanted }, by: self.by };
        let listings = context.loaders.lists(nested, &asked.arguments, keys.to_vec()).await?;
        let (keys, listings): (Vec<_>, Vec<_>) = listings.into_iter().unzip();
        let rows = listings.iter().flat_map(|listing| listing.rows.iter().cloned()).collect();
        let mut nodes = show::<C>(context, &fields, rows).await.into_iter();
        let connection =
            |listing: Arc<_>| Connection::of(Arc::clone(&listing), nodes.by_ref().take(listing.rows.len()).collect());
        Ok(keys.into_iter().zip(listings.into_iter().map(connection)).collect())
    }
}

/// The record that belongs to a record, which has one at most: a nullable field without arguments.
pub(super) struct ToOne<C: Record> {
    /// The field's name.
    pub(super) name: &'static str,
    /// The field's description.
    pub(super) description: &'static str,
    /// The column that says what the record belongs to.
    pub(super) by: Column<C>,
}

impl<C: Record> Many for ToOne<C> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn describe(&self, registry: &mut Registry, _: &[Permission]) -> MetaField {
        field(self.name, self.description, <Option<Shown<C>> as OutputType>::create_type_info(registry))
    }

    fn read<'a>(
        &'a self,
        context: &'a context::Context,
        asked: &'a Asked<'a>,
        keys: &'a [Uuid],
    ) -> BoxFuture<'a, Arc<dyn Read>> {
        Box::pin(async move {
            let read: Arc<dyn Read> = Arc::new(Ones::<C>(self.ones(context, asked, keys).await));
            read
        })
    }
}

impl<C: Record> ToOne<C> {
    async fn ones(
        &self,
        context: &context::Context,
        asked: &Asked<'_>,
        keys: &[Uuid],
    ) -> async_graphql::Result<HashMap<Uuid, Shown<C>>> {
        let fields = asked.fields();
        let page = PageArguments { page: None, first: Some(1), after: None, last: None, before: None };
        let (deleted, columns, joins) = (Deleted::Excluded, columns::<C>(&fields), joins::<C>(context, &fields));
        let wanted = Wanted { page: true, rows: true, ..Wanted::default() };
        let query = Query { filter: None, order: Vec::new(), page, deleted, columns, joins, wanted };
        let nested = Nested { query, by: self.by };
        let found = context.loaders.lists(nested, &asked.arguments, keys.to_vec()).await?;
        let first = |(key, listing): (Uuid, Arc<Listing<C::Collection>>)| Some((key, listing.rows.first()?.clone()));
        let (keys, rows): (Vec<_>, Vec<_>) = found.into_iter().filter_map(first).unzip();
        Ok(keys.into_iter().zip(show::<C>(context, &fields, rows).await).collect())
    }
}

/// Records by the keys of what they belong to.
struct Ones<C: Record>(async_graphql::Result<HashMap<Uuid, Shown<C>>>);

impl<C: Record> Read for Ones<C> {
    fn write(&self, key: Uuid, at: &At<'_, '_>, json: &mut Vec<u8>) -> async_graphql::Result<()> {
        self.0.as_ref().map_err(Clone::clone)?.get(&key).to_json(at, json)
    }
}
