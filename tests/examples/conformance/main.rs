//! Executes GraphQL documents over example schemas for the tests that compare the answers with graphql-js; see
//! `tests/clients/checks/conformance.test.js`.
//!
//! Prints the schema as a JSON text first. Then each line of the input is a request as JSON, and is answered by a line.

mod echo;
mod things;

use std::collections::HashSet;
use std::io::{BufRead, Write};
use std::sync::Arc;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::OperationType;
use async_graphql::{MergedObject, MergedSubscription, PathSegment, Response, Schema, Variables};
use futures_util::StreamExt;
use phr::graphql::Executor;
use serde_json::{Value, json};

#[derive(MergedObject, Default)]
#[graphql(name = "Query")]
struct Query(things::ThingRoots, echo::EchoRoots);

#[derive(MergedObject, Default)]
#[graphql(name = "Mutation")]
struct Mutation(things::ThingRoots, echo::EchoRoots);

#[derive(MergedSubscription, Default)]
#[graphql(name = "Subscription")]
struct Subscription(things::ThingEvents, echo::EchoEvents);

/// Places of a response, such as `thing/list/0`, where a request wants its fields to fail or to be null.
pub(crate) struct Places {
    pub(crate) failing: HashSet<String>,
    pub(crate) null: HashSet<String>,
}

type Conforming = Executor<Query, Mutation, Subscription>;

fn main() {
    let build = || Schema::build(Query::default(), Mutation::default(), Subscription::default());
    let executor = Conforming::new(build);
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", json!(executor.schema().sdl())).expect("somebody reads");
    for line in std::io::stdin().lock().lines() {
        let request: Value = serde_json::from_str(&line.expect("lines are texts")).expect("a request is JSON");
        let answer = runtime.block_on(answer(&executor, &request));
        writeln!(out, "{answer}").expect("somebody reads");
    }
}

async fn answer(executor: &Conforming, request: &Value) -> Value {
    let response = execute(executor, request)
        .await
        .unwrap_or_else(|message| Response::from_errors(vec![async_graphql::ServerError::new(message, None)]));
    let segment = |segment: &PathSegment| match segment {
        PathSegment::Field(name) => json!(name),
        PathSegment::Index(index) => json!(index),
    };
    let error = |error: &async_graphql::ServerError| {
        let path: Vec<Value> = error.path.iter().map(segment).collect();
        json!({"message": error.message, "path": path})
    };
    let errors: Vec<Value> = response.errors.iter().map(error).collect();
    json!({"data": response.data, "errors": errors})
}

/// The steps that the server takes, too.
async fn execute(executor: &Conforming, request: &Value) -> Result<Response, String> {
    let document =
        Arc::new(parse_query(request["query"].as_str().unwrap_or_default()).map_err(|error| error.to_string())?);
    let name = request["operationName"].as_str();
    let mut variables = Variables::from_json(request["variables"].clone());
    let validated = match executor.validate(&document, name).await {
        Ok(validated) => validated,
        Err(errors) => return Ok(Response::from_errors(errors)),
    };
    let told = |errors: Vec<phr::error::Error>| errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ");
    let coerced = executor.coerce(&document, false, name, &mut variables).map_err(told)?;
    let texts =
        |list: &Value| list.as_array().into_iter().flatten().filter_map(Value::as_str).map(Into::into).collect();
    let places = Places { failing: texts(&request["failing"]), null: texts(&request["null"]) };
    let inner = executor.request(&coerced, &validated, name, variables).data(places);
    let is_subscription =
        coerced.operations.iter().any(|(_, operation)| operation.node.ty == OperationType::Subscription);
    let mut response = if is_subscription {
        executor.schema().execute_stream(inner).next().await.ok_or("no event")?
    } else {
        executor.schema().execute(inner).await
    };
    executor.complete(&mut response, &coerced, &validated, name);
    Ok(response)
}
