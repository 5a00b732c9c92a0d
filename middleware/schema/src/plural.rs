//! The names of many: `Category` to `Categories` and `categories`.

use pluralizer::pluralize;

/// Words of which the release of npm's `pluralize` that Amplify uses (8.0.0) thinks otherwise than its later rules.
const OLDER_PLURALS: [(&str, &str); 2] = [("Canvas", "Canvas"), ("canvas", "Canvas")];

/// The plural of a model's name, beginning with a capital, as in Amplify's `listCategories`.
pub(crate) fn plural_of(name: &str) -> String {
    if let Some((_, plural)) = OLDER_PLURALS.iter().find(|(singular, _)| *singular == name) {
        return (*plural).to_owned();
    }
    let name = with_first(name, char::to_ascii_uppercase);
    let plural = pluralize(&name, 2, false);
    // npm's rules give an ending the case of the letter before it: `UserAPI` to `UserAPIS`.
    match plural.strip_prefix(&name) {
        Some(ending) if name.ends_with(|last: char| last.is_ascii_uppercase()) => {
            name.clone() + &ending.to_ascii_uppercase()
        }
        // A digit has no case, which is the small one.
        Some(ending) if name.ends_with(|last: char| !last.is_ascii_alphabetic()) => {
            name.clone() + &ending.to_ascii_lowercase()
        }
        _ => plural,
    }
}

/// The segment of a REST path: the plural in lower camel case, a leading abbreviation as one word
/// (`BlogPosts` to `blogPosts`, `URLS` to `urls`, `APIKeys` to `apiKeys`).
pub(crate) fn path_of(plural: &str) -> String {
    let capitals = plural.chars().take_while(char::is_ascii_uppercase).count();
    let lowered = match capitals {
        0 | 1 => capitals,
        all if all == plural.len() => all,
        // The last capital begins the next word.
        several if plural.chars().nth(several).is_some_and(|next| next.is_ascii_lowercase()) => several - 1,
        several => several,
    };
    let lower = |(index, letter): (usize, char)| {
        if index < lowered { letter.to_ascii_lowercase() } else { letter }
    };
    plural.chars().enumerate().map(lower).collect()
}

/// The name of an index without one: `notesByOwnerAndTitle`.
pub(crate) fn index_name(model: &str, field: &str, sort_fields: &[String]) -> String {
    let plural = with_first(&plural_of(model), char::to_ascii_lowercase);
    let capital = |name: &str| with_first(name, char::to_ascii_uppercase);
    let fields: Vec<String> =
        std::iter::once(field).chain(sort_fields.iter().map(String::as_str)).map(capital).collect();
    format!("{plural}By{}", fields.join("And"))
}

pub(crate) fn with_first(text: &str, change: impl Fn(&char) -> char) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| change(&first)).into_iter().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_named_by_its_fields() {
        let sorted = ["title".to_owned(), "createdAt".to_owned()];
        assert_eq!(index_name("BlogPost", "owner", &[]), "blogPostsByOwner");
        assert_eq!(index_name("Note", "owner", &sorted), "notesByOwnerAndTitleAndCreatedAt");
    }

    #[test]
    fn plurals_and_paths_are_formed_as_amplify_does() {
        // The plurals are the output of pluralize 8.0.0.
        for (name, plural, path) in [
            ("Note", "Notes", "notes"),
            ("Todo", "Todos", "todos"),
            ("Category", "Categories", "categories"),
            ("BlogCategory", "BlogCategories", "blogCategories"),
            ("Person", "People", "people"),
            ("SalesPerson", "SalesPeople", "salesPeople"),
            ("Equipment", "Equipment", "equipment"),
            ("News", "News", "news"),
            ("BlogPost", "BlogPosts", "blogPosts"),
            ("Canvas", "Canvas", "canvas"),
            ("Species", "Species", "species"),
            ("Status", "Statuses", "statuses"),
            ("Address", "Addresses", "addresses"),
            ("Child", "Children", "children"),
            ("Man", "Men", "men"),
            ("Woman", "Women", "women"),
            ("Series", "Series", "series"),
            ("Data", "Data", "data"),
            ("Datum", "Data", "data"),
            ("Sheep", "Sheep", "sheep"),
            ("Knife", "Knives", "knives"),
            ("Hero", "Heroes", "heroes"),
            ("Photo", "Photos", "photos"),
            ("Box", "Boxes", "boxes"),
            ("Bus", "Buses", "buses"),
            ("Quiz", "Quizzes", "quizzes"),
            ("Analysis", "Analyses", "analyses"),
            ("Index", "Indices", "indices"),
            ("Matrix", "Matrices", "matrices"),
            ("Schema", "Schemata", "schemata"),
            ("Criterion", "Criteria", "criteria"),
            ("Media", "Media", "media"),
            ("Medium", "Mediums", "mediums"),
            ("Money", "Monies", "monies"),
            ("Mouse", "Mice", "mice"),
            ("Day", "Days", "days"),
            ("Notes", "Notes", "notes"),
            ("Item2", "Item2s", "item2s"),
            ("OrderItem_v2", "OrderItem_v2s", "orderItem_v2s"),
            ("A2", "A2s", "a2s"),
            ("MyURL", "MyURLS", "myURLS"),
            ("UserAPI", "UserAPIS", "userAPIS"),
            ("URL", "URLS", "urls"),
            ("TODO", "TODOS", "todos"),
            ("NOTE_X", "NOTE_XES", "note_XES"),
            ("PersonX", "PersonXES", "personXES"),
            ("APIKey", "APIKeys", "apiKeys"),
            ("A", "AS", "as"),
            ("note", "Notes", "notes"),
            ("canvas", "Canvas", "canvas"),
            ("blog_post", "Blog_posts", "blog_posts"),
        ] {
            assert_eq!(plural_of(name), plural, "{name}");
            assert_eq!(path_of(plural), path, "{name}");
        }
    }
}
