use portcullis_directory::OldUser;
use portcullis_events::MigratedUser;
use portcullis_trigger::ConfigErrors;

/// Which attributes come along, and what they are called afterwards. No other does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttributeMap(Vec<(String, String)>);

impl AttributeMap {
    /// Reads `email,name,custom:old=custom:new`. Mistakes are pushed.
    pub(crate) fn read(variable: &'static str, text: &str, errors: &mut ConfigErrors) -> Self {
        let mut pairs: Vec<(String, String)> = Vec::new();
        for (index, entry) in text.split(',').enumerate() {
            let (old, new) = entry.split_once('=').unwrap_or((entry, entry));
            let (old, new) = (old.trim(), new.trim());
            match problem(old, new, &pairs) {
                Some(problem) => errors.push(variable, format!("entry {} {problem}", index + 1)),
                None => pairs.push((old.to_owned(), new.to_owned())),
            }
        }
        Self(pairs)
    }

    /// The user with the attributes that come along, and whether their addresses are verified, which is what it was.
    pub(crate) fn apply(&self, old: &OldUser) -> MigratedUser {
        let mut user = MigratedUser::default();
        for (from, to) in &self.0 {
            let Some(value) = old.get(from) else { continue };
            user = user.attribute(to, value);
            if let Some(flag) = flag_of(to) {
                let verified = if old.is_verified(from) { "true" } else { "false" };
                user = user.attribute(flag, verified);
            }
        }
        user
    }

    /// If there is an attribute of the user that comes along.
    pub(crate) fn has(&self, old: &OldUser, name: &str) -> bool {
        self.0.iter().any(|(from, to)| to == name && old.get(from).is_some())
    }

    pub(crate) fn is_empty_for(&self, old: &OldUser) -> bool {
        !self.0.iter().any(|(from, _)| old.get(from).is_some())
    }
}

/// Whether an address is verified is an attribute of its own.
fn flag_of(name: &str) -> Option<&'static str> {
    match name {
        "email" => Some("email_verified"),
        "phone_number" => Some("phone_number_verified"),
        _ => None,
    }
}

fn problem(old: &str, new: &str, earlier: &[(String, String)]) -> Option<&'static str> {
    let is_name = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b':'))
    };
    let is_reserved = |name: &str| {
        matches!(name, "sub" | "identities") || name.starts_with("cognito:") || name.starts_with("dev:")
    };
    let is_flag = |name: &str| matches!(name, "email_verified" | "phone_number_verified");
    if !is_name(old) || !is_name(new) {
        Some("is no name of an attribute, or `OLD=NEW`")
    } else if is_flag(old) || is_flag(new) {
        Some("needs not be said: it comes along with the address")
    } else if is_reserved(new) {
        Some("is an attribute that a user cannot be made with")
    } else if old != new && (flag_of(old).is_some() || flag_of(new).is_some()) {
        Some("renames an address, or makes something an address")
    } else if earlier.iter().any(|(_, known)| known == new) {
        Some("makes an attribute that an earlier one makes")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<AttributeMap, String> {
        let mut errors = ConfigErrors::default();
        let map = AttributeMap::read("MIGRATED_ATTRIBUTES", text, &mut errors);
        errors.or(map).map_err(|errors| errors.to_string())
    }

    #[test]
    fn entries_that_cannot_be_are_refused_and_not_repeated() {
        for (entry, problem) in [
            ("", "is no name of an attribute, or `OLD=NEW`"),
            ("first name", "is no name of an attribute, or `OLD=NEW`"),
            ("a=b=c", "is no name of an attribute, or `OLD=NEW`"),
            ("name=", "is no name of an attribute, or `OLD=NEW`"),
            ("email_verified", "needs not be said: it comes along with the address"),
            ("custom:ok=phone_number_verified", "needs not be said: it comes along with the address"),
            ("sub", "is an attribute that a user cannot be made with"),
            ("name=cognito:user_status", "is an attribute that a user cannot be made with"),
            ("custom:mail=email", "renames an address, or makes something an address"),
            ("phone_number=custom:phone", "renames an address, or makes something an address"),
            ("name", "makes an attribute that an earlier one makes"),
            ("nickname=name", "makes an attribute that an earlier one makes"),
        ] {
            let expected = format!("MIGRATED_ATTRIBUTES entry 2 {problem}");
            assert_eq!(read(&format!("name,{entry},email")).unwrap_err(), expected, "{entry}");
        }
        // Its id in the old pool may be kept under another name.
        assert!(read(" email , sub = custom:old_sub,phone_number").is_ok());
    }
}
