/// The letters of a column's or a field's name as clients write it.
fn letters(snake: &str) -> impl Iterator<Item = char> {
    let mut upper = false;
    snake.chars().filter_map(move |letter| {
        if letter == '_' {
            upper = true;
            return None;
        }
        Some(if std::mem::take(&mut upper) { letter.to_ascii_uppercase() } else { letter })
    })
}

/// The name of a column or a field as clients write it: `lastName` for `last_name`.
#[must_use]
pub fn client_name(snake: &str) -> String {
    letters(snake).collect()
}

/// Whether clients write a column's name so: what [`client_name`] says, without making a text of it.
#[must_use]
pub fn is_client_name(name: &str, snake: &str) -> bool {
    name.chars().eq(letters(snake))
}
