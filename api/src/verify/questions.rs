//! `phr audit open`: what was asked with, for who holds the key file.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::app;
use crate::audit::{Question, questions};
use crate::auth::{KeyFile, QuerySeal, Unopened};
use crate::config::Config;
use crate::console::print_line;
use crate::database::Cluster;
use crate::deed::{Action, Deed, Outcome};
use crate::scope::Scope;

use super::Error;

/// Prints the arguments of a request's questions. That they were opened is on record before they are shown.
///
/// # Errors
/// When there is none, when one cannot be opened, and as any read.
pub(crate) async fn run(config: &Config, request: Uuid, json: bool) -> Result<(), Error> {
    let target = config.target()?;
    app::check_schema(&target).await?;
    let file = config.existing_key_file().map_err(app::Error::from)?.ok_or(Error::NoKeyFile)?;
    let cluster = app::connect_all(config, config.nodes()?).await;
    let found = questions(&cluster, request).await.map_err(|error| Error::read(&error))?;
    if found.is_empty() {
        return Err(Error::NoQuestion(request));
    }
    let opened = found.iter().map(|question| open(&file, request, question)).collect::<Result<Vec<_>, _>>();
    let opened = opened.map_err(Error::Unopened)?;
    let tending = app::keep_trail(config, &cluster, &file).map_err(app::Error::from)?;
    let recorded = record(&cluster, &found).await;
    tending.stop(app::CLOSING_TIME).await;
    recorded.map_err(app::Error::from)?;
    if json {
        let all = found.iter().zip(&opened).map(|(question, arguments)| as_json(question, arguments));
        print_line!("{}", Value::Array(all.collect()));
    } else {
        found.iter().zip(&opened).for_each(|(question, arguments)| print(question, arguments));
    }
    Ok(())
}

fn open(file: &KeyFile, request: Uuid, question: &Question) -> Result<String, Unopened> {
    let opened = QuerySeal::open(file, request, &question.sealed)?;
    String::from_utf8(opened).map_err(|_| Unopened::Altered)
}

async fn record(cluster: &Cluster, found: &[Question]) -> crate::error::Result<()> {
    let deed = |question: &Question| Deed {
        institution: question.institution,
        patients: question.patients.clone(),
        fields: ["query".into()].into(),
        ..Deed::new(Action::Read, "AuditEvent").on(question.uuid)
    };
    let deeds = found.iter().map(|question| (deed(question), Outcome::Succeeded)).collect();
    cluster.record(&Scope::local_operator(Uuid::new_v4()), deeds).await
}

fn as_json(question: &Question, arguments: &str) -> Value {
    json!({
        "uuid": question.uuid,
        "occurredAt": question.occurred_at,
        "actorId": question.actor,
        "role": question.role,
        "resource": question.resource,
        "resourceInstitutionId": question.institution,
        "patientIds": question.patients,
        "operators": question.operators,
        "matched": question.matched,
        // Of an older form they may be no JSON.
        "arguments": serde_json::from_str(arguments).unwrap_or_else(|_| Value::from(arguments)),
    })
}

fn print(question: &Question, arguments: &str) {
    let Question { occurred_at, actor, role, resource, .. } = question;
    print_line!("{occurred_at}  {role} {actor}  {resource}  {}", question.operators.join(" "));
    if let Some(matched) = question.matched {
        print_line!("  matched: {matched}");
    }
    print_line!("  {arguments}");
}
