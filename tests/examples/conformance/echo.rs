//! Fields that return the arguments that they were given.

use async_graphql::{Enum, ID, InputObject, Json, MaybeUndefined, Object, SimpleObject, Subscription};
use futures_util::stream::{self, Stream};
use serde_json::{Map, Value, json};

#[derive(Clone, Copy, PartialEq, Eq, Enum)]
enum Colour {
    Red,
    Green,
    Blue,
}

#[derive(InputObject)]
struct Leaf {
    n: MaybeUndefined<i32>,
    required: i32,
    #[graphql(default = 7)]
    with_default: i32,
    #[graphql(default_with = "Some(8)")]
    may_be_null: Option<i32>,
    text: MaybeUndefined<String>,
    colour: MaybeUndefined<Colour>,
    id: MaybeUndefined<ID>,
    #[graphql(default = true)]
    flag: bool,
    ratio: MaybeUndefined<f64>,
}

#[derive(InputObject)]
struct Branch {
    leaf: MaybeUndefined<Leaf>,
    leaves: MaybeUndefined<Vec<Leaf>>,
    names: MaybeUndefined<Vec<Option<String>>>,
    #[graphql(default_with = "vec![String::from(\"a\")]")]
    needed: Vec<String>,
    deep: MaybeUndefined<Vec<Option<Vec<Option<i32>>>>>,
    and: MaybeUndefined<Vec<Branch>>,
    #[graphql(default_with = "Colour::Green")]
    colour: Colour,
}

/// An argument as the tests compare it; nothing when it was not given.
trait Received {
    fn received(&self) -> Option<Value>;
}

impl<T: Received> Received for MaybeUndefined<T> {
    fn received(&self) -> Option<Value> {
        match self {
            Self::Undefined => None,
            Self::Null => Some(Value::Null),
            Self::Value(value) => value.received(),
        }
    }
}

impl<T: Received> Received for Option<T> {
    fn received(&self) -> Option<Value> {
        self.as_ref().map_or(Some(Value::Null), Received::received)
    }
}

impl<T: Received> Received for Vec<T> {
    fn received(&self) -> Option<Value> {
        Some(self.iter().map(Received::received).collect::<Option<Vec<_>>>()?.into())
    }
}

macro_rules! plain {
    ($($type:ty: $value:ident => $received:expr;)+) => {$(
        impl Received for $type {
            fn received(&self) -> Option<Value> {
                let $value = self;
                Some(json!($received))
            }
        }
    )+};
}

plain! {
    i32: value => value;
    f64: value => value;
    bool: value => value;
    String: value => value;
    ID: value => value.as_str();
    Colour: value => match value {
        Colour::Red => "RED",
        Colour::Green => "GREEN",
        Colour::Blue => "BLUE",
    };
}

fn object<const N: usize>(fields: [(&str, &dyn Received); N]) -> Value {
    let received = fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.received()?)));
    Value::Object(received.collect::<Map<_, _>>())
}

impl Received for Leaf {
    fn received(&self) -> Option<Value> {
        Some(object([
            ("n", &self.n),
            ("required", &self.required),
            ("withDefault", &self.with_default),
            ("mayBeNull", &self.may_be_null),
            ("text", &self.text),
            ("colour", &self.colour),
            ("id", &self.id),
            ("flag", &self.flag),
            ("ratio", &self.ratio),
        ]))
    }
}

impl Received for Branch {
    fn received(&self) -> Option<Value> {
        Some(object([
            ("leaf", &self.leaf),
            ("leaves", &self.leaves),
            ("names", &self.names),
            ("needed", &self.needed),
            ("deep", &self.deep),
            ("and", &self.and),
            ("colour", &self.colour),
        ]))
    }
}

/// Arguments that a field received.
#[derive(SimpleObject)]
struct Echo {
    received: Json<Value>,
}

fn echo<const N: usize>(arguments: [(&str, &dyn Received); N]) -> Echo {
    Echo { received: Json(object(arguments)) }
}

#[derive(Default)]
pub(crate) struct EchoRoots;

#[Object]
impl EchoRoots {
    #[expect(clippy::too_many_arguments, reason = "one of each kind")]
    async fn scalars(
        &self,
        a: MaybeUndefined<i32>,
        #[graphql(default = 10)] b: i32,
        #[graphql(default_with = "Some(11)")] c: Option<i32>,
        colour: MaybeUndefined<Colour>,
        #[graphql(default_with = "Colour::Blue")] paint: Colour,
        text: MaybeUndefined<String>,
        id: MaybeUndefined<ID>,
        ratio: MaybeUndefined<f64>,
        flag: MaybeUndefined<bool>,
    ) -> Option<Echo> {
        Some(echo([
            ("a", &a),
            ("b", &b),
            ("c", &c),
            ("colour", &colour),
            ("paint", &paint),
            ("text", &text),
            ("id", &id),
            ("ratio", &ratio),
            ("flag", &flag),
        ]))
    }

    async fn lists(
        &self,
        names: MaybeUndefined<Vec<Option<String>>>,
        #[graphql(default_with = "vec![1, 2]")] numbers: Vec<i32>,
        deep: MaybeUndefined<Vec<Option<Vec<i32>>>>,
        colours: MaybeUndefined<Vec<Colour>>,
        leaves: MaybeUndefined<Vec<Option<Leaf>>>,
    ) -> Option<Echo> {
        Some(echo([
            ("names", &names),
            ("numbers", &numbers),
            ("deep", &deep),
            ("colours", &colours),
            ("leaves", &leaves),
        ]))
    }

    async fn objects(
        &self,
        leaf: MaybeUndefined<Leaf>,
        branch: MaybeUndefined<Branch>,
        branches: MaybeUndefined<Vec<Branch>>,
    ) -> Option<Echo> {
        Some(echo([("leaf", &leaf), ("branch", &branch), ("branches", &branches)]))
    }

    async fn needed(&self, n: i32, leaf: Leaf, names: Vec<String>) -> Option<Echo> {
        Some(echo([("n", &n), ("leaf", &leaf), ("names", &names)]))
    }
}

#[derive(Default)]
pub(crate) struct EchoEvents;

#[Subscription]
impl EchoEvents {
    async fn objects(
        &self,
        leaf: MaybeUndefined<Leaf>,
        branch: MaybeUndefined<Branch>,
        branches: MaybeUndefined<Vec<Branch>>,
    ) -> impl Stream<Item = Option<Echo>> {
        stream::iter([Some(echo([("leaf", &leaf), ("branch", &branch), ("branches", &branches)]))])
    }
}
