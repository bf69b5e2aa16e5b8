//! Reads a resource, and leaves out by themselves the parts that are not of the shape that R4 gives them.

use std::collections::{BTreeMap, HashMap};

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_path_to_error::Segment;

use super::map::Problem;
use super::untaken::Untaken;

/// Reason of what is not of R4's shape.
pub(super) const SHAPE: &str = "is not of the shape that R4 gives it";

/// Elements that change what the rest says: a resource cannot be read without them.
const MODIFIERS: [&str; 6] =
    ["status", "intent", "doNotPerform", "clinicalStatus", "verificationStatus", "modifierExtension"];

/// Parts of one resource that are left out at most; with more it is none of R4's.
const MOST: usize = 20;

/// Resource, and the parts of it that could not be read.
pub(super) struct Shaped<T> {
    pub(super) resource: T,
    pub(super) left_out: Vec<Problem>,
}

/// Reads a resource of type `kind`; tells `untaken` what no mapping reads.
///
/// # Errors
/// The place that has another shape, where the rest cannot be read without it.
pub(super) fn read<T: DeserializeOwned>(kind: &str, json: &[u8], untaken: &mut Untaken) -> Result<Shaped<T>, String> {
    if let Ok(resource) = whole(json, untaken) {
        return Ok(Shaped { resource, left_out: Vec::new() });
    }
    let mut text = String::from_utf8(json.to_vec()).map_err(|_| String::new())?;
    let mut tries: HashMap<String, usize> = HashMap::new();
    let mut left_out = Vec::new();
    loop {
        // Tracking the place costs time, so it is done only when something is wrong.
        let fault = serde_path_to_error::deserialize::<_, T>(&mut serde_json::Deserializer::from_str(&text)).err();
        let Some(fault) = fault else { break };
        let place = if fault.path().iter().next().is_some() { format!(".{}", fault.path()) } else { String::new() };
        let path: Vec<&Segment> = fault.path().iter().collect();
        let told = tries.entry(place.clone()).or_default();
        let mended = if is_needed(&path) || left_out.len() == MOST { None } else { without(&text, &path, *told) };
        let Some(mended) = mended else { return Err(place) };
        if *told == 0 {
            left_out.push(Problem::new(format!("{kind}{place}"), format!("was left out: {SHAPE}")));
        }
        *told += 1;
        text = mended;
    }
    let resource = whole(text.as_bytes(), untaken).map_err(|_| String::new())?;
    Ok(Shaped { resource, left_out })
}

fn whole<T: DeserializeOwned>(json: &[u8], untaken: &mut Untaken) -> serde_json::Result<T> {
    let mut json = serde_json::Deserializer::from_slice(json);
    serde_ignored::deserialize(&mut json, |path| untaken.pass(&path))
}

fn is_needed(path: &[&Segment]) -> bool {
    match path.first() {
        Some(Segment::Map { key }) => MODIFIERS.contains(&key.as_str()),
        _ => true,
    }
}

/// The text without what stands at the place. Of a list the numbers stay the same, so first an empty object takes the
/// place, then null, and at last the whole list goes.
fn without(json: &str, path: &[&Segment], tries: usize) -> Option<String> {
    match path {
        [Segment::Map { key }, rest @ ..] => {
            let mut object: BTreeMap<String, Box<RawValue>> = serde_json::from_str(json).ok()?;
            let inner = object.remove(key)?;
            let goes_whole = rest.is_empty() || (tries > 1 && matches!(rest, [Segment::Seq { .. }]));
            if !goes_whole {
                object.insert(key.clone(), RawValue::from_string(without(inner.get(), rest, tries)?).ok()?);
            }
            serde_json::to_string(&object).ok()
        }
        [Segment::Seq { index }, rest @ ..] => {
            let mut list: Vec<Box<RawValue>> = serde_json::from_str(json).ok()?;
            let inner = match (rest.is_empty(), tries) {
                (false, _) => without(list.get(*index)?.get(), rest, tries)?,
                (true, 0) => "{}".to_owned(),
                (true, 1) => "null".to_owned(),
                (true, _) => return None,
            };
            *list.get_mut(*index)? = RawValue::from_string(inner).ok()?;
            serde_json::to_string(&list).ok()
        }
        _ => None,
    }
}
