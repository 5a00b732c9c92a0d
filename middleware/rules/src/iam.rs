//! What is known about callers who have nothing but AWS credentials.

use std::sync::Arc;

use crate::{IamCaller, Model};

/// How a name begins that is more than a name.
const ARN: &str = "arn:";
/// The session name of credentials that an identity pool has given out.
const COGNITO_SESSION: &str = "CognitoIdentityCredentials";

/// The identity pool whose members and guests rules with the provider `identityPool` are about.
///
/// AppSync tells by which role a request was signed. A member is known by the role for authenticated identities, or, if
/// the pool's id is given, by that id (members whom the pool gives another role, for a group of theirs). A guest is known
/// by the role for guests alone. Anybody else with AWS credentials is neither.
///
/// ```
/// use portcullis_rules::{Authorizer, IamCaller, Identity, IdentityPool, InvalidModel, Model, Operation, Provider, Rule, Screening};
///
/// let pool = IdentityPool::new().authenticated_role("arn:aws:iam::111122223333:role/web-member");
/// let authorizer = Authorizer::new().identity_pool(pool);
/// let note = Model::new("Note", vec![], vec![Rule::private().provider(Provider::IdentityPool)])?;
///
/// let caller = |role: &str| {
///     let user_arn = Some(format!("arn:aws:sts::111122223333:assumed-role/{role}/CognitoIdentityCredentials"));
///     Identity::Iam(IamCaller { user_arn, ..IamCaller::default() })
/// };
/// assert_eq!(authorizer.screen(&caller("web-member"), Operation::Get, &note), Screening::Allowed);
/// assert_eq!(authorizer.screen(&caller("web-guest"), Operation::Get, &note), Screening::Denied);
/// # Ok::<(), InvalidModel>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentityPool {
    id: Option<String>,
    authenticated_session: Option<String>,
    guest_session: Option<String>,
}

impl IdentityPool {
    /// A pool of which nothing is known, so that nobody comes from it.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The id of the pool, such as `eu-west-1:9b0ed3f4-..`.
    #[must_use]
    pub fn id(mut self, id: impl Into<String>) -> Self {
        self.id = Some(id.into()).filter(|id| !id.is_empty());
        self
    }

    /// The role that the pool gives to those who have signed in: its ARN, or that of a session of it.
    #[must_use]
    pub fn authenticated_role(mut self, arn: impl Into<String>) -> Self {
        self.authenticated_session = Some(session(arn.into())).filter(|arn| !arn.is_empty());
        self
    }

    /// The role that the pool gives to guests: its ARN, or that of a session of it.
    #[must_use]
    pub fn guest_role(mut self, arn: impl Into<String>) -> Self {
        self.guest_session = Some(session(arn.into())).filter(|arn| !arn.is_empty());
        self
    }

    fn is_authenticated_role(&self, caller: &IamCaller) -> bool {
        caller.user_arn.is_some() && caller.user_arn == self.authenticated_session
    }

    fn is_guest_role(&self, caller: &IamCaller) -> bool {
        caller.user_arn.is_some() && caller.user_arn == self.guest_session
    }

    /// Whether the caller has one of the pool's two roles, whatever the session is called: with the basic flow, clients
    /// name it themselves.
    fn gave_role_of(&self, arn: &str) -> bool {
        let sessions = [&self.authenticated_session, &self.guest_session];
        role_of(arn)
            .is_some_and(|held| sessions.into_iter().flatten().any(|known| role_of(known) == Some(held)))
    }

    fn gave_credentials_to_member(&self, caller: &IamCaller) -> bool {
        self.id.is_some() && caller.identity_pool_id == self.id && caller.authenticated == Some(true)
    }
}

/// The ARN of a session without the session's name.
fn role_of(session: &str) -> Option<&str> {
    session.rsplit_once('/').map(|(role, _)| role)
}

/// The ARN by which AppSync calls a session of a role that an identity pool has given out.
fn session(arn: String) -> String {
    let of_role = role_session(arn.clone());
    if of_role == arn { arn } else { format!("{of_role}/{COGNITO_SESSION}") }
}

/// The ARN of a role as its sessions bear it, without their names; any other ARN as it is.
fn role_session(arn: String) -> String {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    match parts.as_slice() {
        ["arn", partition, "iam", "", account, resource] if resource.starts_with("role/") => {
            // A role may lie under a path, which sessions do not name.
            let name = resource.rsplit('/').next().unwrap_or_default();
            format!("arn:{partition}:sts::{account}:assumed-role/{name}")
        }
        _ => arn,
    }
}

/// How callers with AWS credentials are told apart.
#[derive(Clone, Debug, Default)]
pub(crate) struct IamTrust {
    pool: Pool,
    admin_roles: Arc<[String]>,
    whole_account: bool,
}

#[derive(Clone, Debug, Default)]
enum Pool {
    #[default]
    Unknown,
    /// The door says of each caller whether they come from our pool.
    ToldByDoor,
    Known(Arc<IdentityPool>),
}

/// Where a caller with AWS credentials stands towards the identity pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Membership {
    /// They are not known to come from it.
    None,
    /// No pool is known at all.
    UnknownPool,
    Guest,
    Member,
    /// Known by the id of the pool and not by its role.
    MemberByPool,
}

impl IamTrust {
    pub(crate) fn trust_door(&mut self) {
        self.pool = Pool::ToldByDoor;
    }

    pub(crate) fn set_pool(&mut self, pool: IdentityPool) {
        self.pool = Pool::Known(Arc::new(pool));
    }

    pub(crate) fn set_admin_roles(&mut self, names: impl Iterator<Item = String>) {
        let known = |name: String| if name.starts_with(ARN) { role_session(name) } else { name };
        self.admin_roles = names.filter(|name| !name.is_empty()).map(known).collect();
    }

    pub(crate) fn admit_account(&mut self) {
        self.whole_account = true;
    }

    pub(crate) fn membership(&self, caller: &IamCaller) -> Membership {
        match (&self.pool, caller.authenticated) {
            (Pool::Unknown, _) => Membership::UnknownPool,
            (Pool::ToldByDoor, Some(true)) => Membership::Member,
            (Pool::ToldByDoor, Some(false)) => Membership::Guest,
            (Pool::ToldByDoor, None) => Membership::None,
            (Pool::Known(pool), told) if told != Some(false) && pool.is_authenticated_role(caller) => {
                Membership::Member
            }
            (Pool::Known(pool), told) if told != Some(true) && pool.is_guest_role(caller) => {
                Membership::Guest
            }
            (Pool::Known(pool), _) if pool.gave_credentials_to_member(caller) => Membership::MemberByPool,
            (Pool::Known(_), _) => Membership::None,
        }
    }

    /// Whether configuration admits some caller to everything, whatever the rules of the model say.
    pub(crate) fn admits_beyond_rules(&self, model: &Model) -> bool {
        self.whole_account || !self.admin_roles.is_empty() && model.all_rules().next().is_some()
    }

    /// Whether configuration admits the caller to everything, whatever the rules of the model say.
    pub(crate) fn is_unrestricted(&self, caller: &IamCaller, model: &Model) -> bool {
        let Some(arn) = caller.user_arn.as_deref() else {
            return false;
        };
        // The name of the session as well: a function URL tells nothing else of the pool.
        let from_a_pool = caller.identity_pool_id.is_some()
            || caller.identity_id.is_some()
            || caller.authenticated.is_some()
            || arn.rsplit('/').next() == Some(COGNITO_SESSION);
        let of_pool = match &self.pool {
            Pool::Known(pool) => pool.gave_role_of(arn),
            Pool::Unknown | Pool::ToldByDoor => false,
        };
        if self.whole_account && !from_a_pool && !of_pool {
            return true;
        }
        // The reference asks who calls only where a model has rules, and is closed without them.
        model.all_rules().next().is_some()
            && !of_pool
            && self.admin_roles.iter().any(|name| is_session_of(arn, name))
    }
}

/// Whether the ARN is that of a session of a role with this name; the name of the session may stand behind it. Where an
/// ARN stands for the name, the account counts as well.
fn is_session_of(arn: &str, name: &str) -> bool {
    let mut parts = arn.splitn(6, ':');
    let (service, resource) = (parts.nth(2), parts.nth(2));
    let role = resource.and_then(|resource| resource.strip_prefix("assumed-role/"));
    if name.starts_with(ARN) {
        let session = arn.strip_prefix(name);
        return service == Some("sts")
            && role.is_some()
            && session.is_some_and(|session| session.is_empty() || session.starts_with('/'));
    }
    service == Some("sts")
        && role.is_some_and(|role| role == name || role.split_once('/').is_some_and(|(role, _)| role == name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Authorizer, Field, Identity, Item, Operation, Operations, Provider, Rule, Screening};

    const ACCOUNT: &str = "arn:aws:sts::111122223333:assumed-role";

    fn caller(role: &str) -> IamCaller {
        IamCaller { user_arn: Some(format!("{ACCOUNT}/{role}")), ..IamCaller::default() }
    }

    fn from_pool(role: &str, pool: &str, authenticated: bool) -> IamCaller {
        IamCaller {
            identity_pool_id: Some(pool.to_owned()),
            identity_id: Some("id-1".to_owned()),
            authenticated: Some(authenticated),
            ..caller(&format!("{role}/{COGNITO_SESSION}"))
        }
    }

    fn known() -> IdentityPool {
        let role = |name: &str| format!("arn:aws:iam::111122223333:role/web/{name}");
        IdentityPool::new().authenticated_role(role("member")).guest_role(role("guest"))
    }

    #[test]
    fn members_and_guests_are_known_by_their_role_or_members_by_the_pool() {
        use Membership::{Guest, Member, MemberByPool, None};
        let table = [
            (from_pool("member", "p", true), Member, Member),
            (from_pool("guest", "p", false), Guest, Guest),
            (from_pool("member", "p", false), None, None),
            (from_pool("guest", "other", true), None, None),
            (from_pool("editors", "p", true), None, MemberByPool),
            (from_pool("editors", "p", false), None, None),
            (from_pool("editors", "other", true), None, None),
            (caller("member/other-session"), None, None),
            (caller("member"), None, None),
            (IamCaller { authenticated: Some(true), ..IamCaller::default() }, None, None),
            (IamCaller::default(), None, None),
        ];
        for (caller, without_id, with_id) in table {
            let membership = |pool: IdentityPool| {
                let mut trust = IamTrust::default();
                trust.set_pool(pool);
                trust.membership(&caller)
            };
            assert_eq!(
                [membership(known()), membership(known().id("p"))],
                [without_id, with_id],
                "{caller:?}"
            );
            assert_eq!(membership(IdentityPool::new()), None, "nothing is known of the pool");
        }
    }

    #[test]
    fn a_role_is_an_administrator_by_its_whole_name() {
        let table = [
            (caller("ops/session"), true),
            (caller("ops"), true),
            (caller("ops-admin/session"), false),
            (caller("devops/session"), false),
            (caller("x/ops"), false),
            (from_pool("studio", "p", true), true),
            (caller("studio/session"), false),
            (
                IamCaller {
                    user_arn: Some("arn:aws:iam::111122223333:user/ops".to_owned()),
                    ..IamCaller::default()
                },
                false,
            ),
            (
                IamCaller {
                    user_arn: Some("arn:aws:iam::111122223333:role/ops".to_owned()),
                    ..IamCaller::default()
                },
                false,
            ),
            (IamCaller { user_arn: Some("ops".to_owned()), ..IamCaller::default() }, false),
            (from_pool("member", "p", true), false),
            (caller("member/named-by-the-client"), false),
            (IamCaller::default(), false),
        ];
        let names =
            ["ops".to_owned(), format!("studio/{COGNITO_SESSION}"), "member".to_owned(), String::new()];
        let authorizer = Authorizer::new().identity_pool(known()).admin_roles(names);
        let note = Model::new("Note", vec![], vec![Rule::owner().operations(Operations::READ)]).unwrap();
        let open = Model::new("Note", vec![], vec![]).unwrap();
        for (caller, expected) in table {
            let identity = Identity::Iam(caller);
            for operation in Operation::ALL {
                let screening = authorizer.screen(&identity, operation, &note);
                assert_eq!(screening == Screening::Allowed, expected, "{identity:?} {operation}");
                assert_eq!(authorizer.screen(&identity, operation, &open), Screening::Denied);
            }
        }
    }

    #[test]
    fn an_administrator_may_be_named_by_account_and_role() {
        let admitted = |name: &str, arn: &str| {
            let caller = IamCaller { user_arn: Some(arn.to_owned()), ..IamCaller::default() };
            let note = Model::new("Note", vec![], vec![Rule::owner()]).unwrap();
            let authorizer = Authorizer::new().identity_pool(known()).admin_roles([name]);
            authorizer.screen(&Identity::Iam(caller), Operation::Get, &note) == Screening::Allowed
        };
        let role = "arn:aws:iam::111122223333:role/ops";
        let table = [
            (role, "arn:aws:sts::111122223333:assumed-role/ops/session", true),
            (role, "arn:aws:sts::444455556666:assumed-role/ops/session", false),
            (role, "arn:aws-cn:sts::111122223333:assumed-role/ops/session", false),
            (role, "arn:aws:sts::111122223333:assumed-role/ops-admin/session", false),
            (role, "arn:aws:sts::111122223333:assumed-role/devops/session", false),
            (role, "arn:aws:sts::111122223333:federated-user/ops", false),
            (role, "arn:aws:iam::111122223333:role/ops", false),
            (
                "arn:aws:iam::111122223333:role/team/ops",
                "arn:aws:sts::111122223333:assumed-role/ops/session",
                true,
            ),
            // A session of the role by its own ARN, and a user, who is no role.
            (
                "arn:aws:sts::111122223333:assumed-role/ops/session",
                "arn:aws:sts::111122223333:assumed-role/ops/session",
                true,
            ),
            (
                "arn:aws:sts::111122223333:assumed-role/ops/session",
                "arn:aws:sts::111122223333:assumed-role/ops/session2",
                false,
            ),
            ("arn:aws:iam::111122223333:user/ops", "arn:aws:iam::111122223333:user/ops", false),
            ("arn:", "arn:aws:sts::111122223333:assumed-role/ops/session", false),
            // Never the roles of the pool.
            (
                "arn:aws:iam::111122223333:role/web/member",
                "arn:aws:sts::111122223333:assumed-role/member/CognitoIdentityCredentials",
                false,
            ),
        ];
        for (name, arn, expected) in table {
            assert_eq!(admitted(name, arn), expected, "{name} {arn}");
        }
    }

    #[test]
    fn access_for_the_account_is_not_for_identities_of_a_pool() {
        let authorizer = Authorizer::new().identity_pool(known()).admit_account();
        let closed = Model::new("Note", vec![], vec![]).unwrap();
        let table = [
            (caller("anything/session"), true),
            (from_pool("anything", "other", true), false),
            (from_pool("member", "p", true), false),
            (IamCaller { identity_id: Some("id-1".to_owned()), ..caller("anything/session") }, false),
            (IamCaller { authenticated: Some(false), ..caller("anything/session") }, false),
            (caller(&format!("guest/{COGNITO_SESSION}")), false),
            (caller(&format!("editors/{COGNITO_SESSION}")), false),
            (IamCaller::default(), false),
        ];
        for (caller, expected) in table {
            let identity = Identity::Iam(caller);
            let allowed = authorizer.authorize(&identity, Operation::Delete, &closed, &Item::new());
            assert_eq!(allowed.is_allowed(), expected, "{identity:?}");
        }
        let token = crate::User::user_pools(crate::Claims::default(), crate::VerifiedBy::Portcullis);
        assert_eq!(authorizer.screen(&token.into(), Operation::Get, &closed), Screening::Denied);
        assert_eq!(authorizer.screen(&Identity::ApiKey, Operation::Get, &closed), Screening::Denied);
    }

    #[test]
    fn whoever_is_unrestricted_reads_and_writes_every_field_and_owns_nothing() {
        let secret = Field::new("secret").guarded(vec![Rule::owner()]);
        let note =
            Arc::new(Model::new("Note", vec![secret, Field::new("title")], vec![Rule::owner()]).unwrap());
        let authorizer = Authorizer::new().admin_roles(["ops"]);
        let ops = Identity::Iam(caller("ops/session"));
        let hers =
            Item::from_iter([("owner".to_owned(), "u1::ann".into()), ("secret".to_owned(), "s".into())]);

        assert_eq!(authorizer.withheld(&ops, &note, &hers), Vec::<&str>::new());
        let created = authorizer.permit_create(&ops, &note, Item::new()).unwrap();
        assert_eq!(created.item(), &Item::new());
        let removed = Item::from_iter([("secret".to_owned(), serde_json::Value::Null)]);
        assert!(authorizer.permit_update(&ops, &note, &hers, removed).unwrap().unchanged().is_empty());
        assert!(authorizer.permit_delete(&ops, &note, &hers).unwrap().unchanged().is_empty());
        assert!(authorizer.permit_read(&ops, Operation::List, &note).is_ok());
        let explained = authorizer.explain(&ops, Operation::Delete, &note, &hers).to_string();
        assert!(explained.starts_with("allowed, whatever the rules say\n"), "{explained}");
    }

    #[test]
    fn a_member_who_is_known_by_the_pool_alone_makes_no_record_in_part() {
        let rule = || Rule::private().provider(Provider::IdentityPool);
        let locked = Field::new("locked").guarded(vec![Rule::groups(["Admin"])]);
        let whole = Arc::new(Model::new("Note", vec![Field::new("title")], vec![rule()]).unwrap());
        let partial = Arc::new(Model::new("Note", vec![Field::new("title"), locked], vec![rule()]).unwrap());
        let authorizer = Authorizer::new().identity_pool(known().id("p"));
        for (role, in_part) in [("member", true), ("editors", false)] {
            let identity = Identity::Iam(from_pool(role, "p", true));
            let creates = |model| authorizer.permit_create(&identity, model, Item::new()).is_ok();
            assert_eq!((creates(&whole), creates(&partial)), (true, in_part), "{role}");
            assert!(authorizer.permit_update(&identity, &partial, &Item::new(), Item::new()).is_ok());
            assert_eq!(authorizer.withheld(&identity, &partial, &Item::new()), ["locked"]);
        }
    }
}
