/// Declares the queries of a kind of record: the one with a key, and a list.
macro_rules! queries {
    (
        $queries:ident of $object:ident {
            $(#[$one_doc:meta])* $one:ident;
            $(#[$list_doc:meta])* $list:ident: $filter:ident, $order:ident;
        }
    ) => {
        #[derive(Default)]
        pub(in crate::graphql) struct $queries;

        #[async_graphql::Object]
        impl $queries {
            $(#[$one_doc])*
            async fn $one(
                &self,
                ctx: &async_graphql::Context<'_>,
                #[graphql(desc = "The record's own key.")] uuid: uuid::Uuid,
            ) -> async_graphql::Result<Option<$crate::graphql::shown::Shown<$object>>> {
                $crate::graphql::record::by_key(ctx, uuid).await
            }

            $(#[$list_doc])*
            #[expect(clippy::too_many_arguments, reason = "both ways of paging are the list's arguments")]
            async fn $list(
                &self,
                ctx: &async_graphql::Context<'_>,
                #[graphql(desc = "Which records; all when left out.")] filter: Option<$filter>,
                #[graphql(desc = "In which order.")] order: Option<Vec<$order>>,
                #[graphql(desc = "A numbered page; the first ten records when no page is asked for in either way.")]
                page: Option<$crate::criteria::PageInput>,
                #[graphql(desc = "That many from the start, or from `after`: 1000 at most.")] first: Option<i32>,
                #[graphql(desc = "Only what follows this cursor.")] after: Option<String>,
                #[graphql(desc = "That many from the end, or from `before`: 1000 at most.")] last: Option<i32>,
                #[graphql(desc = "Only what precedes this cursor.")] before: Option<String>,
            ) -> async_graphql::Result<Option<$crate::graphql::connection::Connection<$object>>> {
                let page = $crate::criteria::PageArguments { page, first, after, last, before };
                $crate::graphql::connection::connection(ctx, filter, order, page, $crate::records::Deleted::Excluded).await
            }
        }
    };
}
pub(super) use queries;
