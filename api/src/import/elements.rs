use crate::records::import::Summary;

/// Columns of a line, about.
const WIDTH: usize = 118;

/// Which elements have no place here, and of how many resources: `Condition   bodySite 7, stage 1`, a type in each line, in
/// as many more as it takes.
pub(super) fn lines(summary: &Summary) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut current = "";
    for (resource, element, count) in summary.by_element() {
        let text = format!("{element} {count}");
        match lines.last_mut() {
            Some(line) if current == resource && line.len() + text.len() + 2 <= WIDTH => {
                line.push_str(", ");
                line.push_str(&text);
            }
            Some(line) if current == resource => {
                line.push(',');
                lines.push(format!("{:<24}{text}", ""));
            }
            _ => lines.push(format!("{resource:<24}{text}")),
        }
        current = resource;
    }
    lines
}
