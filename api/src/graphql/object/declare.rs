/// Declares the fields of an object. Each returns what it shows, or why it cannot; those whose answer depends on who asks take
/// the request's context.
macro_rules! fields {
    (
        $(#[doc = $description:literal])*
        $object:ident $(<$record:ident>)? {
            $(
                $(#[doc = $field_description:literal])*
                $(#[name = $renamed:literal])?
                fn $field:ident(&$self:ident $(, $context:ident: &Context)?) -> $ty:ty $body:block
            )+
        }
    ) => {
        impl$(<$record: $crate::graphql::record::Record>)? $object$(<$record>)? {
            $(#[allow(clippy::unnecessary_wraps, reason = "whether it can fail or not, a field is declared alike")]
            fn $field(&$self $(, $context: &$crate::graphql::context::Context)?) -> $ty $body)+
        }

        impl$(<$record: $crate::graphql::record::Record>)? $crate::graphql::object::Fields for $object$(<$record>)? {
            const DESCRIPTION: &'static str = concat!($($description, "\n"),*);

            const FIELDS: &'static [$crate::graphql::object::Field<Self>] = &[$(
                $crate::graphql::object::Field {
                    name: $crate::graphql::object::name!($field $(, $renamed)?),
                    description: concat!($($field_description, "\n"),*),
                    ty: |registry| <$ty as async_graphql::OutputType>::create_type_info(registry),
                    write: |object, at, json| {
                        $(let $context = at.context();)?
                        $crate::graphql::object::ToJson::to_json(&object.$field($($context)?)?, at, json)
                    },
                }
            ),+];
        }
    };
}

/// What a field is called: as its function, unless that is renamed.
macro_rules! name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident, $renamed:literal) => {
        $renamed
    };
}

/// Makes a type with [`fields!`] an object of the schema, under this name.
macro_rules! object {
    ($object:ident $(<$record:ident>)?, $name:expr) => {
        impl$(<$record: $crate::graphql::record::Record>)? $crate::graphql::object::Object for $object$(<$record>)? {
            fn name() -> std::borrow::Cow<'static, str> {
                $name
            }

            fn description() -> String {
                $crate::graphql::object::text(<Self as $crate::graphql::object::Fields>::DESCRIPTION)
            }

            fn describe(registry: &mut async_graphql::registry::Registry) -> Vec<async_graphql::registry::MetaField> {
                <Self as $crate::graphql::object::Fields>::described(registry)
            }

            fn find(name: &str) -> Option<usize> {
                <Self as $crate::graphql::object::Fields>::number(name)
            }

            fn write(
                &self,
                number: usize,
                at: &$crate::graphql::object::At<'_, '_>,
                json: &mut Vec<u8>,
            ) -> async_graphql::Result<()> {
                (<Self as $crate::graphql::object::Fields>::FIELDS[number].write)(self, at, json)
            }
        }

        $crate::graphql::object::output!($object$(<$record>)?);
    };
}

/// Lets the library resolve an object.
macro_rules! output {
    ($object:ident $(<$record:ident>)?) => {
        impl$(<$record: $crate::graphql::record::Record>)? async_graphql::OutputType for $object$(<$record>)? {
            fn type_name() -> std::borrow::Cow<'static, str> {
                <Self as $crate::graphql::object::Object>::name()
            }

            fn create_type_info(registry: &mut async_graphql::registry::Registry) -> String {
                $crate::graphql::object::type_info::<Self>(registry)
            }

            async fn resolve(
                &self,
                ctx: &async_graphql::ContextSelectionSet<'_>,
                _: &async_graphql::Positioned<async_graphql::parser::types::Field>,
            ) -> async_graphql::ServerResult<async_graphql::Value> {
                $crate::graphql::object::resolve(self, ctx)
            }
        }

        impl$(<$record: $crate::graphql::record::Record>)? $crate::graphql::object::ToJson for $object$(<$record>)? {
            fn to_json(&self, at: &$crate::graphql::object::At<'_, '_>, json: &mut Vec<u8>) -> async_graphql::Result<()> {
                at.object(self, json);
                Ok(())
            }
        }
    };
}

pub(in crate::graphql) use {fields, name, object, output};
