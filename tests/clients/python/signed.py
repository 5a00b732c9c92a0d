"""boto3 against the identity pool of a running local system, and requests that botocore has signed.

Ends with 1 at the first step that does not do what AWS does.
"""

import datetime
import json
import os
import sys
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request

import boto3
from botocore import UNSIGNED
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

API_URL = os.environ["API_URL"]
POOL_URL = os.environ["POOL_URL"]
POOL_ID = os.environ["POOL_ID"]
CLIENT_ID = os.environ["CLIENT_ID"]
IDENTITY_POOL_ID = os.environ["IDENTITY_POOL_ID"]
CODE = os.environ["CODE"]
# Whether the system gives out credentials that last for seconds.
SHORT_LIVED = os.environ.get("SHORT_LIVED") == "true"

config = Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=20, signature_version=UNSIGNED)
users = boto3.client("cognito-idp", endpoint_url=POOL_URL, region_name="us-east-1", config=config)
identities = boto3.client("cognito-identity", endpoint_url=POOL_URL, region_name="us-east-1", config=config)

unique = format(int(time.time() * 1000), "x")
PASSWORD = "Copper-Kettle-18"
PROVIDER = f"cognito-idp.us-east-1.amazonaws.com/{POOL_ID}"


def refused(code, call, **parameters):
    """The call must fail with this error code."""
    try:
        call(**parameters)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        assert error.response["ResponseMetadata"]["HTTPStatusCode"] == 400, error.response
        return
    raise AssertionError(f"was accepted, {code} was expected")


def sign_in(name):
    username = f"{name}-{unique}@example.com"
    users.sign_up(
        ClientId=CLIENT_ID,
        Username=username,
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": username}],
    )
    users.confirm_sign_up(ClientId=CLIENT_ID, Username=username, ConfirmationCode=CODE)
    answer = users.initiate_auth(
        ClientId=CLIENT_ID,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": username, "PASSWORD": PASSWORD},
    )
    return answer["AuthenticationResult"]


def credentials(identity, **logins):
    answer = identities.get_credentials_for_identity(IdentityId=identity, **logins)
    given = answer["Credentials"]
    return Credentials(given["AccessKeyId"], given["SecretKey"], given["SessionToken"]), given


def send(request):
    """Sends a request as it was signed; gives the status, the body and the name of the error."""
    prepared = request.prepare()
    sent = urllib.request.Request(
        prepared.url, data=prepared.body, headers=dict(prepared.headers.items()), method=prepared.method
    )
    try:
        with urllib.request.urlopen(sent, timeout=20) as answer:
            return answer.status, json.loads(answer.read() or "null"), None
    except urllib.error.HTTPError as error:
        body = error.read()
        return error.code, json.loads(body or "null"), error.headers.get("x-amzn-errortype")


def call(keys, method, path, body=None, service="execute-api", region="us-east-1", change=None):
    headers = {"Content-Type": "application/json"} if body is not None else {}
    data = json.dumps(body).encode() if body is not None else None
    request = AWSRequest(method=method, url=API_URL + path, data=data, headers=headers)
    SigV4Auth(keys, service, region).add_auth(request)
    if change is not None:
        change(request)
    return send(request)


def presigned(keys, path, seconds):
    request = AWSRequest(method="GET", url=API_URL + path)
    SigV4QueryAuth(keys, "execute-api", "us-east-1", expires=seconds).add_auth(request)
    return send(request)


# The ids and queries that the signer of the SDK for JavaScript is tried with (`node/signed.js`).
IDS = ["plain", "a b", "ü✓", "a+b", "it's (so)!*", "~x.y_z-", "a&b=c;d,e@f:g", '"quoted" $1']
OTHERS = ["a/b", "a%2Fb", "100%", "a\\b", "a#b?c"]
QUERIES = [
    ([("limit", "1")], 200),
    ([("limit", "1"), ("limit", "1")], 400),
    ([("limit", "2"), ("limit", "1"), ("nextToken", "")], 400),
    ([("limit", "")], 400),
    ([("", "")], 400),
    ([("a b", "c+d"), ("a", "ü✓ /?#[]@!$&'()*+,;="), ("A", "%2F"), ("_", "~")], 400),
]


def signed(keys, method, path, body=None, in_url=True):
    """The answers to a request that is signed in its headers, and to one that is signed in its URL. Neither is good for another path."""
    signers = [SigV4Auth(keys, "execute-api", "us-east-1")]
    if body is None and in_url:
        # botocore signs no body in a URL, and leaves a name there once.
        signers.append(SigV4QueryAuth(keys, "execute-api", "us-east-1", expires=60))
    answers = []
    for signer in signers:
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Content-Type": "application/json"} if body is not None else {}
        request = AWSRequest(method=method, url=API_URL + path, data=data, headers=headers)
        signer.add_auth(request)
        answers.append(send(request))
        place, question, rest = request.url.partition("?")
        request.url = place + "x" + question + rest
        status, _, error = send(request)
        assert (status, error) == (403, "InvalidSignatureException"), (request.url, status, error)
    return answers


def step(name, run):
    print(f"... {name}", flush=True)
    run()
    print(f"ok  {name}", flush=True)


state = {}


def a_guest_reads_and_does_not_write():
    state["guest"] = identities.get_id(IdentityPoolId=IDENTITY_POOL_ID)["IdentityId"]
    keys, given = credentials(state["guest"])
    left = given["Expiration"] - datetime.datetime.now(datetime.timezone.utc)
    assert datetime.timedelta(minutes=50) < left <= datetime.timedelta(minutes=60), left
    assert call(keys, "GET", "/notices")[0] == 200
    assert call(keys, "POST", "/notices", {"text": "Rope"})[0] == 403
    state["guest_keys"] = keys


def a_member_does_both():
    tokens = sign_in("clara")
    logins = {PROVIDER: tokens["IdToken"]}
    identity = identities.get_id(IdentityPoolId=IDENTITY_POOL_ID, Logins=logins)["IdentityId"]
    assert identity == identities.get_id(IdentityPoolId=IDENTITY_POOL_ID, Logins=logins)["IdentityId"]
    keys, _ = credentials(identity, Logins=logins)
    status, made, _ = call(keys, "POST", "/notices", {"text": "Lamp oil"})
    assert status == 201, made
    status, page, _ = call(keys, "GET", "/notices?limit=1")
    assert (status, page["items"]) == (200, [made]), page
    assert call(keys, "GET", f"/notices/{made['id']}") == (200, made, None)
    assert presigned(keys, f"/notices/{made['id']}", 60) == (200, made, None)
    assert call(state["guest_keys"], "GET", f"/notices/{made['id']}") == (200, made, None)
    state.update(identity=identity, keys=keys, logins=logins, tokens=tokens, path=f"/notices/{made['id']}")


def what_is_no_login_gets_no_credentials():
    identity, tokens = state["identity"], state["tokens"]
    for logins in [{PROVIDER: tokens["AccessToken"]}, {PROVIDER: "x"}, {"accounts.google.com": tokens["IdToken"]}]:
        refused("NotAuthorizedException", identities.get_id, IdentityPoolId=IDENTITY_POOL_ID, Logins=logins)
    refused("NotAuthorizedException", identities.get_credentials_for_identity, IdentityId=identity)
    other = {PROVIDER: sign_in("david")["IdToken"]}
    refused("NotAuthorizedException", identities.get_credentials_for_identity, IdentityId=identity, Logins=other)
    refused(
        "NotAuthorizedException",
        identities.get_credentials_for_identity,
        IdentityId=identity,
        Logins=state["logins"],
        CustomRoleArn="arn:aws:iam::000000000000:role/EditorsRole",
    )
    nobody = "us-east-1:00000000-0000-0000-0000-000000000000"
    refused("ResourceNotFoundException", identities.get_credentials_for_identity, IdentityId=nobody)
    refused("ResourceNotFoundException", identities.get_id, IdentityPoolId=nobody)


def a_request_that_was_changed_is_refused():
    keys, path = state["keys"], state["path"]
    forged = Credentials(keys.access_key, "x" * 40, keys.token)
    stolen = Credentials(keys.access_key, keys.secret_key, state["guest_keys"].token)
    bare = Credentials(keys.access_key, keys.secret_key, None)

    def another_date(request):
        request.headers.replace_header("X-Amz-Date", "20200101T000000Z")

    def another_path(request):
        request.url = API_URL + "/notices"

    def another_method(request):
        request.method = "DELETE"

    for expected, answer in [
        ("InvalidSignatureException", call(forged, "GET", path)),
        ("UnrecognizedClientException", call(stolen, "GET", path)),
        ("UnrecognizedClientException", call(bare, "GET", path)),
        ("InvalidSignatureException", call(keys, "GET", path, region="eu-west-1")),
        ("InvalidSignatureException", call(keys, "GET", path, service="s3")),
        ("InvalidSignatureException", call(keys, "GET", path, service="appsync")),
        ("InvalidSignatureException", call(keys, "GET", path, change=another_date)),
        ("InvalidSignatureException", call(keys, "GET", path, change=another_path)),
        ("InvalidSignatureException", call(keys, "GET", path, change=another_method)),
    ]:
        status, body, error = answer
        assert (status, error) == (403, expected), (expected, answer)
        assert list(body) == ["message"], body
    assert call(keys, "GET", path)[0] == 200


def paths_and_queries_of_every_kind_are_taken_as_they_were_signed():
    keys = state["keys"]
    for name in IDS:
        record = {"id": f"{unique} {name}", "text": "Lamp oil · ✓"}
        [(status, made, _)] = signed(keys, "POST", "/notices", record)
        assert (status, made["id"]) == (201, record["id"]), (status, made)
        path = "/notices/" + urllib.parse.quote(record["id"], safe="~")
        assert signed(keys, "GET", path) == [(200, made, None)] * 2, path
        assert [answer[0] for answer in signed(keys, "DELETE", path)] == [204, 404], path
    for name in OTHERS:
        path = "/notices/" + urllib.parse.quote(name, safe="~")
        assert [(status, error) for status, _, error in signed(keys, "GET", path)] == [(404, None)] * 2, path
    for query, expected in QUERIES:
        path = "/notices?" + urllib.parse.urlencode(query, quote_via=urllib.parse.quote, safe="~")
        in_url = len({name for name, _ in query}) == len(query)
        for status, body, error in signed(keys, "GET", path, in_url=in_url):
            assert (status, error) == (expected, None), (path, status, body)


def credentials_that_have_expired_are_refused_and_had_anew():
    guest = identities.get_id(IdentityPoolId=IDENTITY_POOL_ID)["IdentityId"]
    keys, _ = credentials(guest)
    for _ in range(240):
        status, _, error = call(keys, "GET", "/notices")
        if status != 200:
            break
        time.sleep(0.5)
    assert (status, error) == (403, "ExpiredTokenException"), (status, error)
    # A machine that is busy may take longer than the new ones last, too.
    for _ in range(60):
        keys, _ = credentials(guest)
        status, _, error = call(keys, "GET", "/notices")
        if status == 200:
            return
        assert (status, error) == (403, "ExpiredTokenException"), (status, error)
    raise AssertionError("new credentials were refused each time")


STEPS = [
    a_guest_reads_and_does_not_write,
    a_member_does_both,
    what_is_no_login_gets_no_credentials,
    a_request_that_was_changed_is_refused,
    paths_and_queries_of_every_kind_are_taken_as_they_were_signed,
]

try:
    for run in [credentials_that_have_expired_are_refused_and_had_anew] if SHORT_LIVED else STEPS:
        step(run.__name__.replace("_", " "), run)
except Exception:
    traceback.print_exc()
    sys.exit(1)
