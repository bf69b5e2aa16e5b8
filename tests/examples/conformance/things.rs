//! Fields of every kind that may or may not be null, any of which can fail.
#![expect(clippy::unused_async, reason = "async-graphql takes resolvers as async functions, whether they wait or not")]

use async_graphql::{Context, Error, Interface, Object, Result, Subscription, Union};
use futures_util::stream::{self, Stream};

use crate::Places;

/// How many entries each list has.
const ENTRIES: usize = 2;

/// A field or an entry of a list, at its place in the response.
struct Position<'c> {
    places: &'c Places,
    path: String,
}

impl Position<'_> {
    /// A value that is always there, unless it fails.
    fn sure<T>(&self, value: T) -> Result<T> {
        if self.places.failing.contains(&self.path) { Err(Error::new("failed")) } else { Ok(value) }
    }

    /// A value that may be null.
    fn maybe<T>(&self, value: T) -> Result<Option<T>> {
        self.sure((!self.places.null.contains(&self.path)).then_some(value))
    }

    /// The entry of a list that may be null. The library leaves what fails out of what `Option` holds.
    fn maybe_entry<T>(&self, value: T) -> Option<Result<T>> {
        self.maybe(value).transpose()
    }

    fn list<T>(&self, entry: impl Fn(Position<'_>, usize) -> T) -> Vec<T> {
        let at = |index| Position { places: self.places, path: format!("{}/{index}", self.path) };
        (0..ENTRIES).map(|index| entry(at(index), index)).collect()
    }
}

fn at<'c>(ctx: &Context<'c>) -> Position<'c> {
    let path = ctx.path_node.as_ref().map(|node| node.to_string_vec().join("/")).unwrap_or_default();
    Position { places: ctx.data_unchecked(), path }
}

#[derive(Clone)]
struct Thing;

type Items<T> = Vec<Result<T>>;
type MaybeItems<T> = Vec<Option<Result<T>>>;

#[Object]
impl Thing {
    async fn kind(&self) -> String {
        "Thing".to_owned()
    }

    async fn a(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
        at(ctx).maybe(1)
    }

    async fn b(&self, ctx: &Context<'_>) -> Result<i32> {
        at(ctx).sure(2)
    }

    async fn la(&self, ctx: &Context<'_>) -> Result<Option<MaybeItems<i32>>> {
        let at = at(ctx);
        at.maybe(at.list(|at, _| at.maybe_entry(1)))
    }

    async fn lb(&self, ctx: &Context<'_>) -> Result<Option<Items<i32>>> {
        let at = at(ctx);
        at.maybe(at.list(|at, _| at.sure(1)))
    }

    async fn lc(&self, ctx: &Context<'_>) -> Result<MaybeItems<i32>> {
        let at = at(ctx);
        at.sure(at.list(|at, _| at.maybe_entry(1)))
    }

    async fn ld(&self, ctx: &Context<'_>) -> Result<Items<i32>> {
        let at = at(ctx);
        at.sure(at.list(|at, _| at.sure(1)))
    }

    async fn ma(&self, ctx: &Context<'_>) -> Result<Option<MaybeItems<Items<i32>>>> {
        let at = at(ctx);
        at.maybe(at.list(|at, _| at.maybe_entry(at.list(|at, _| at.sure(1)))))
    }

    async fn mb(&self, ctx: &Context<'_>) -> Result<Items<MaybeItems<i32>>> {
        let at = at(ctx);
        at.sure(at.list(|at, _| at.sure(at.list(|at, _| at.maybe_entry(1)))))
    }

    async fn t(&self, ctx: &Context<'_>) -> Result<Option<Thing>> {
        at(ctx).maybe(Thing)
    }

    async fn u(&self, ctx: &Context<'_>) -> Result<Thing> {
        at(ctx).sure(Thing)
    }

    async fn ta(&self, ctx: &Context<'_>) -> Result<Option<MaybeItems<Thing>>> {
        let at = at(ctx);
        at.maybe(at.list(|at, _| at.maybe_entry(Thing)))
    }

    async fn tb(&self, ctx: &Context<'_>) -> Result<Option<Items<Thing>>> {
        let at = at(ctx);
        at.maybe(at.list(|at, _| at.sure(Thing)))
    }

    async fn tc(&self, ctx: &Context<'_>) -> Result<MaybeItems<Thing>> {
        let at = at(ctx);
        at.sure(at.list(|at, _| at.maybe_entry(Thing)))
    }

    async fn td(&self, ctx: &Context<'_>) -> Result<Items<Thing>> {
        let at = at(ctx);
        at.sure(at.list(|at, _| at.sure(Thing)))
    }

    async fn node(&self, ctx: &Context<'_>) -> Result<Option<Node>> {
        at(ctx).maybe(node(1))
    }

    async fn nodes(&self, ctx: &Context<'_>) -> Result<Items<Node>> {
        let at = at(ctx);
        at.sure(at.list(|at, index| at.sure(node(index))))
    }

    async fn any(&self, ctx: &Context<'_>) -> Result<Any> {
        at(ctx).sure(Any::Other(Other))
    }

    async fn anys(&self, ctx: &Context<'_>) -> Result<Option<MaybeItems<Any>>> {
        let at = at(ctx);
        let any = |index| if index == 0 { Any::Thing(Thing) } else { Any::Other(Other) };
        at.maybe(at.list(|at, index| at.maybe_entry(any(index))))
    }
}

#[derive(Clone)]
struct Other;

#[Object]
impl Other {
    async fn kind(&self) -> String {
        "Other".to_owned()
    }

    async fn a(&self, ctx: &Context<'_>) -> Result<Option<i32>> {
        at(ctx).maybe(3)
    }

    async fn b(&self, ctx: &Context<'_>) -> Result<i32> {
        at(ctx).sure(4)
    }

    async fn o(&self, ctx: &Context<'_>) -> Result<Option<Thing>> {
        at(ctx).maybe(Thing)
    }
}

// Errors of an interface's own fields have no path in the library: the one here never fails.
#[derive(Clone, Interface)]
#[graphql(field(name = "kind", ty = "String"))]
enum Node {
    Thing(Thing),
    Other(Other),
}

fn node(index: usize) -> Node {
    if index == 0 { Node::Thing(Thing) } else { Node::Other(Other) }
}

#[derive(Clone, Union)]
enum Any {
    Thing(Thing),
    Other(Other),
}

#[derive(Default)]
pub(crate) struct ThingRoots;

#[Object]
impl ThingRoots {
    async fn thing(&self, ctx: &Context<'_>) -> Result<Option<Thing>> {
        at(ctx).maybe(Thing)
    }

    async fn sure(&self, ctx: &Context<'_>) -> Result<Thing> {
        at(ctx).sure(Thing)
    }

    async fn things(&self, ctx: &Context<'_>) -> Result<Option<Items<Thing>>> {
        let at = at(ctx);
        at.maybe(at.list(|at, _| at.sure(Thing)))
    }
}

#[derive(Default)]
pub(crate) struct ThingEvents;

#[Subscription]
impl ThingEvents {
    async fn thing(&self) -> impl Stream<Item = Option<Thing>> {
        stream::iter([Some(Thing)])
    }

    async fn sure(&self) -> impl Stream<Item = Thing> {
        stream::iter([Thing])
    }
}
