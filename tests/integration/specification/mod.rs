//! The GraphQL specification to the letter.

mod absent;
mod empty;
mod http;
mod nulls;
