/// Declares the filter of a closed set of values: which of them, and which not.
#[macro_export]
macro_rules! choice_filter {
    ($(#[$doc:meta])* $name:ident for $choice:ty) => {
        $(#[$doc])*
        #[derive(Clone, Debug, Default, async_graphql::InputObject)]
        pub struct $name {
            /// This one.
            equal: async_graphql::MaybeUndefined<$choice>,
            /// Any but this one.
            not_equal: async_graphql::MaybeUndefined<$choice>,
            /// One of these. Nothing is one of an empty list.
            #[graphql(name = "in")]
            among: async_graphql::MaybeUndefined<Vec<$choice>>,
            /// None of these.
            not_in: async_graphql::MaybeUndefined<Vec<$choice>>,
        }

        impl $crate::criteria::Operators for $name {
            fn condition(
                &self,
                on: &$crate::criteria::Operand,
                translation: &mut $crate::criteria::Translation,
            ) -> $crate::error::Result<sea_orm::Condition> {
                $crate::criteria::Comparison::choice(&self.equal, &self.not_equal, &self.among, &self.not_in)
                    .condition(on, translation)
            }
        }
    };
}
