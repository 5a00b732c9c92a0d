//! Whether the policies of `template.yaml` allow a request.

use std::sync::Arc;

use portcullis_iam::{Context, Decision, Request, ResourcePolicy};

use super::{Key, Operation, Parameters, Refusal, headers};
use crate::identity_pool::{Roles, Session};

/// The keys of conditions that a list has, and the parameters which they are.
const OF_LISTS: [(&str, &str); 3] =
    [("s3:prefix", "prefix"), ("s3:delimiter", "delimiter"), ("s3:max-keys", "max-keys")];

/// The policies of the roles, and those of the bucket.
#[derive(Clone, Debug)]
pub(super) struct Access {
    pub(super) bucket: String,
    pub(super) roles: Arc<Roles>,
    pub(super) policies: Vec<ResourcePolicy>,
}

/// Somebody whose signature is good.
#[derive(Clone, Debug)]
pub(super) struct Caller<'a> {
    access: &'a Access,
    role: String,
    context: Context,
}

impl Access {
    pub(super) fn caller(&self, session: &Session, context: Context) -> Caller<'_> {
        Caller { access: self, role: session.role_arn(), context }
    }
}

impl Caller<'_> {
    /// Refuses what is not allowed of a request. The source of a copy and each key of a deletion are asked about besides.
    pub(super) fn check(
        &self,
        operation: Operation,
        key: Option<&Key>,
        query: &Parameters,
        given: &http::HeaderMap,
    ) -> Result<(), Refusal> {
        match (operation, key) {
            (Operation::DeleteObjects, _) => Ok(()),
            (Operation::ListObjects | Operation::ListObjectsV2, _) => self.check_list(query),
            (_, None) => self.check_bucket(operation.action()),
            (_, Some(key)) => {
                let actions = [operation.action()].into_iter().chain(headers::actions(given));
                actions.into_iter().try_for_each(|action| self.check_object(action, key))
            }
        }
    }

    pub(super) fn check_object(&self, action: &str, key: &Key) -> Result<(), Refusal> {
        let resource = format!("arn:aws:s3:::{}/{}", self.access.bucket, key.as_str());
        self.decide(action, resource, &self.context)
    }

    fn check_bucket(&self, action: &str) -> Result<(), Refusal> {
        self.decide(action, self.bucket(), &self.context)
    }

    fn check_list(&self, query: &Parameters) -> Result<(), Refusal> {
        let context =
            OF_LISTS.into_iter().fold(self.context.clone(), |context, (key, parameter)| {
                match query.get(parameter) {
                    Some(value) => context.with(key, value),
                    None => context,
                }
            });
        self.decide(Operation::ListObjectsV2.action(), self.bucket(), &context)
    }

    /// What somebody is told of an object that is not there: only who may list the bucket may know that.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>
    pub(super) fn missing(&self) -> Refusal {
        match self.check_bucket("s3:ListBucket") {
            Ok(()) => Refusal::NoSuchKey,
            Err(refusal) => refusal,
        }
    }

    fn bucket(&self) -> String {
        format!("arn:aws:s3:::{}", self.access.bucket)
    }

    fn decide(&self, action: &str, resource: String, context: &Context) -> Result<(), Refusal> {
        let request = Request::new(action, resource, context);
        let decision = match self.access.roles.get(&self.role) {
            _ if self.access.policies.iter().any(|policy| policy.denies(&request)) => Decision::Denied,
            Some(role) => Decision::of(&role.policies, &request),
            None => Decision::NotAllowed,
        };
        tracing::debug!(role = self.role, action, ?decision, "policies asked");
        if decision.is_allowed() { Ok(()) } else { Err(Refusal::AccessDenied) }
    }
}
