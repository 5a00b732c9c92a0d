"""boto3 against the bucket of a running local system, with credentials of its identity pool.

Ends with 1 at the first step that does not do what AWS does.
"""

import io
import os
import sys
import time
import traceback
import urllib.error
import urllib.request

import boto3
from boto3.s3.transfer import TransferConfig
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

POOL_URL = os.environ["POOL_URL"]
POOL_ID = os.environ["POOL_ID"]
CLIENT_ID = os.environ["CLIENT_ID"]
IDENTITY_POOL_ID = os.environ["IDENTITY_POOL_ID"]
BUCKET_URL = os.environ["BUCKET_URL"]
CODE = os.environ["CODE"]
ENDPOINT, BUCKET = BUCKET_URL.rsplit("/", 1)
# Whether the system gives out credentials that last for seconds.
SHORT_LIVED = os.environ.get("SHORT_LIVED") == "true"

unsigned = Config(retries={"max_attempts": 1}, connect_timeout=5, read_timeout=20, signature_version=UNSIGNED)
users = boto3.client("cognito-idp", endpoint_url=POOL_URL, region_name="us-east-1", config=unsigned)
identities = boto3.client("cognito-identity", endpoint_url=POOL_URL, region_name="us-east-1", config=unsigned)

unique = format(int(time.time() * 1000), "x")
PASSWORD = "Copper-Kettle-18"
PROVIDER = f"cognito-idp.us-east-1.amazonaws.com/{POOL_ID}"
MIB = 1024 * 1024


def identity_of(name, *groups):
    """Somebody signs up and in, and is in these groups."""
    username = f"{name}-{unique}@example.com"
    users.sign_up(
        ClientId=CLIENT_ID,
        Username=username,
        Password=PASSWORD,
        UserAttributes=[{"Name": "email", "Value": username}],
    )
    users.confirm_sign_up(ClientId=CLIENT_ID, Username=username, ConfirmationCode=CODE)
    administer = boto3.client(
        "cognito-idp", endpoint_url=POOL_URL, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    for group in groups:
        administer.admin_add_user_to_group(UserPoolId=POOL_ID, Username=username, GroupName=group)
    answer = users.initiate_auth(
        ClientId=CLIENT_ID,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": username, "PASSWORD": PASSWORD},
    )
    logins = {PROVIDER: answer["AuthenticationResult"]["IdToken"]}
    return identities.get_id(IdentityPoolId=IDENTITY_POOL_ID, Logins=logins)["IdentityId"], logins


def bucket(identity, logins=None, region="us-east-1", secret=None, key=None, token=None):
    """A client of S3 with the credentials of this identity, or with others."""
    more = {"Logins": logins} if logins else {}
    given = identities.get_credentials_for_identity(IdentityId=identity, **more)["Credentials"]
    return boto3.client(
        "s3",
        endpoint_url=ENDPOINT,
        region_name=region,
        aws_access_key_id=key or given["AccessKeyId"],
        aws_secret_access_key=secret or given["SecretKey"],
        aws_session_token=token or given["SessionToken"],
        # For another endpoint boto3 would presign URLs as it did before there was version 4.
        config=Config(signature_version="s3v4", retries={"max_attempts": 1}, connect_timeout=5, read_timeout=60),
    )


def refused(status, code, call, **parameters):
    """The call must fail with this status and this code."""
    try:
        call(**parameters)
    except ClientError as error:
        told = error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
        assert told == (status, code), (parameters, error.response)
        return
    raise AssertionError(f"was accepted, {code} was expected: {parameters}")


def fetch(url, **more):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, **more), timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def step(name, run):
    print(f"... {name}", flush=True)
    run()
    print(f"ok  {name}", flush=True)


state = {}


def people_come():
    # The first is an administrator.
    for name, groups in [("adam", ["admins"]), ("clara", []), ("david", []), ("eda", ["editors"])]:
        identity, logins = identity_of(name, *groups)
        state[name] = identity
        state[f"{name} logins"] = logins
        state[f"{name} s3"] = bucket(identity, logins)
    guest = identities.get_id(IdentityPoolId=IDENTITY_POOL_ID)["IdentityId"]
    state.update({"guest": guest, "guest s3": bucket(guest)})


def a_member_keeps_files():
    s3, mine = state["clara s3"], f"private/{state['clara']}/"
    key = mine + "first ü+&<.txt"
    put = s3.put_object(Bucket=BUCKET, Key=key, Body=b"Dear David", ContentType="text/plain", Metadata={"mood": "calm"})
    got = s3.get_object(Bucket=BUCKET, Key=key)
    assert got["Body"].read() == b"Dear David"
    assert (got["ContentType"], got["Metadata"], got["ETag"]) == ("text/plain", {"mood": "calm"}, put["ETag"]), got
    head = s3.head_object(Bucket=BUCKET, Key=key)
    assert (head["ContentLength"], head["ETag"]) == (10, put["ETag"]), head
    part = s3.get_object(Bucket=BUCKET, Key=key, Range="bytes=5-")
    assert (part["Body"].read(), part["ContentRange"]) == (b"David", "bytes 5-9/10"), part
    refused(416, "InvalidRange", s3.get_object, Bucket=BUCKET, Key=key, Range="bytes=10-")
    refused(412, "PreconditionFailed", s3.put_object, Bucket=BUCKET, Key=key, Body=b"2", IfNoneMatch="*")
    s3.copy_object(Bucket=BUCKET, Key=mine + "second.txt", CopySource={"Bucket": BUCKET, "Key": key})
    for operation in ["list_objects_v2", "list_objects"]:
        listed = getattr(s3, operation)(Bucket=BUCKET, Prefix=mine)
        assert [one["Key"] for one in listed["Contents"]] == [key, mine + "second.txt"], listed
        pages = s3.get_paginator(operation).paginate(Bucket=BUCKET, Prefix=mine, PaginationConfig={"PageSize": 1})
        assert [one["Key"] for page in pages for one in page.get("Contents", [])] == [key, mine + "second.txt"]
    theirs = f"private/{state['david']}/a"
    removed = s3.delete_objects(Bucket=BUCKET, Delete={"Objects": [{"Key": mine + "second.txt"}, {"Key": theirs}]})
    assert [one["Key"] for one in removed["Deleted"]] == [mine + "second.txt"], removed
    assert [(one["Key"], one["Code"]) for one in removed["Errors"]] == [(theirs, "AccessDenied")], removed
    state["key"] = key


def a_large_file_comes_in_parts():
    s3, key = state["clara s3"], f"private/{state['clara']}/large"
    data = os.urandom(12 * MIB)
    parts = TransferConfig(multipart_threshold=5 * MIB, multipart_chunksize=5 * MIB)
    s3.upload_fileobj(io.BytesIO(data), BUCKET, key, Config=parts)
    got = io.BytesIO()
    s3.download_fileobj(BUCKET, key, got, Config=parts)
    assert got.getvalue() == data
    assert s3.head_object(Bucket=BUCKET, Key=key)["ETag"].endswith('-3"')
    # At once, too.
    s3.put_object(Bucket=BUCKET, Key=key, Body=data)
    assert s3.get_object(Bucket=BUCKET, Key=key)["Body"].read() == data
    s3.delete_object(Bucket=BUCKET, Key=key)
    # One that is given up leaves nothing, and is nobody else's to see or to end.
    upload = s3.create_multipart_upload(Bucket=BUCKET, Key=key)["UploadId"]
    s3.upload_part(Bucket=BUCKET, Key=key, UploadId=upload, PartNumber=1, Body=b"1")
    listed = s3.list_parts(Bucket=BUCKET, Key=key, UploadId=upload)
    assert [part["PartNumber"] for part in listed["Parts"]] == [1], listed
    david = state["david s3"]
    refused(403, "AccessDenied", david.list_parts, Bucket=BUCKET, Key=key, UploadId=upload)
    refused(403, "AccessDenied", david.abort_multipart_upload, Bucket=BUCKET, Key=key, UploadId=upload)
    s3.abort_multipart_upload(Bucket=BUCKET, Key=key, UploadId=upload)
    refused(404, "NoSuchUpload", s3.list_parts, Bucket=BUCKET, Key=key, UploadId=upload)


def what_the_policies_do_not_allow_is_refused():
    key, protected = state["key"], f"protected/{state['clara']}/a"
    state["clara s3"].put_object(Bucket=BUCKET, Key=protected, Body=b"1")
    state["adam s3"].put_object(Bucket=BUCKET, Key="public/a", Body=b"1")
    state["eda s3"].put_object(Bucket=BUCKET, Key="public/b", Body=b"1")
    david, eda, guest, adam = (state[f"{name} s3"] for name in ["david", "eda", "guest", "adam"])
    for s3 in [david, eda, guest, adam]:
        assert s3.get_object(Bucket=BUCKET, Key="public/a")["Body"].read() == b"1"
        refused(403, "AccessDenied", s3.get_object, Bucket=BUCKET, Key=key)
        refused(403, "403", s3.head_object, Bucket=BUCKET, Key=key)
        refused(403, "AccessDenied", s3.put_object, Bucket=BUCKET, Key=key, Body=b"1")
        refused(403, "AccessDenied", s3.put_object, Bucket=BUCKET, Key=protected, Body=b"1")
        refused(403, "AccessDenied", s3.create_multipart_upload, Bucket=BUCKET, Key=key)
        refused(403, "AccessDenied", s3.delete_object, Bucket=BUCKET, Key=key)
        refused(403, "AccessDenied", s3.list_objects_v2, Bucket=BUCKET)
        refused(403, "AccessDenied", s3.list_objects_v2, Bucket=BUCKET, Prefix=f"private/{state['clara']}/")
        refused(403, "AccessDenied", s3.get_object, Bucket=BUCKET, Key="public/none")
        refused(403, "AccessDenied", s3.get_object_acl, Bucket=BUCKET, Key="public/a")
        refused(403, "AccessDenied", s3.get_bucket_policy, Bucket=BUCKET)
        refused(403, "AccessDenied", s3.list_buckets)
        refused(403, "AccessDenied", s3.delete_bucket, Bucket=BUCKET)
    for s3 in [david, guest]:
        refused(403, "AccessDenied", s3.put_object, Bucket=BUCKET, Key="public/a", Body=b"2")
        refused(403, "AccessDenied", s3.delete_object, Bucket=BUCKET, Key="public/a")
    assert david.get_object(Bucket=BUCKET, Key=protected)["Body"].read() == b"1"
    refused(403, "AccessDenied", guest.get_object, Bucket=BUCKET, Key=protected)
    refused(403, "AccessDenied", eda.delete_object, Bucket=BUCKET, Key=protected)
    copied = f"private/{state['david']}/copied"
    refused(403, "AccessDenied", david.copy_object, Bucket=BUCKET, Key=copied, CopySource=f"{BUCKET}/{key}")
    refused(403, "AccessDenied", david.put_object, Bucket=BUCKET, Key=copied, Body=b"1", ACL="public-read")
    refused(404, "NoSuchBucket", david.get_object, Bucket="another-bucket", Key="a")
    adam.delete_object(Bucket=BUCKET, Key=protected)
    refused(403, "AccessDenied", state["clara s3"].get_object, Bucket=BUCKET, Key=protected)


def a_signature_that_is_not_good_is_refused():
    clara, logins, key = state["clara"], state["clara logins"], state["key"]
    other = identities.get_credentials_for_identity(IdentityId=state["guest"])["Credentials"]
    for status, code, change in [
        (403, "SignatureDoesNotMatch", {"secret": "x" * 40}),
        (403, "InvalidAccessKeyId", {"key": "ASIAAAAAAAAAAAAAAAAA"}),
        (403, "InvalidAccessKeyId", {"token": other["SessionToken"]}),
        (400, "AuthorizationHeaderMalformed", {"region": "eu-west-1"}),
    ]:
        refused(status, code, bucket(clara, logins, **change).get_object, Bucket=BUCKET, Key=key)
    anonymous = boto3.client("s3", endpoint_url=ENDPOINT, region_name="us-east-1", config=unsigned)
    refused(403, "AccessDenied", anonymous.get_object, Bucket=BUCKET, Key="public/a")


def a_presigned_url_says_who_asks():
    s3, key = state["clara s3"], state["key"]
    presign = s3.generate_presigned_url
    url = presign("get_object", Params={"Bucket": BUCKET, "Key": key}, ExpiresIn=900)
    assert fetch(url) == (200, "Dear David"), url
    status, text = fetch(url.replace("first", "second"))
    assert (status, "<Code>SignatureDoesNotMatch</Code>" in text) == (403, True), text
    target = f"private/{state['clara']}/by-url"
    put = presign("put_object", Params={"Bucket": BUCKET, "Key": target}, ExpiresIn=900)
    assert fetch(put, data=b"by url", method="PUT")[0] == 200
    assert s3.get_object(Bucket=BUCKET, Key=target)["Body"].read() == b"by url"
    theirs = presign("get_object", Params={"Bucket": BUCKET, "Key": f"private/{state['david']}/a"}, ExpiresIn=900)
    status, text = fetch(theirs)
    assert (status, "<Code>AccessDenied</Code>" in text) == (403, True), text


def credentials_that_have_expired_are_refused_and_had_anew():
    identity, logins = identity_of("clara")
    key = f"private/{identity}/a"
    attempt(lambda: bucket(identity, logins).put_object(Bucket=BUCKET, Key=key, Body=b"1"))
    s3 = bucket(identity, logins)
    for _ in range(240):
        try:
            s3.get_object(Bucket=BUCKET, Key=key)
        except ClientError as error:
            told = error.response["ResponseMetadata"]["HTTPStatusCode"], error.response["Error"]["Code"]
            assert told == (400, "ExpiredToken"), error.response
            break
        time.sleep(0.5)
    else:
        raise AssertionError("credentials did not expire")
    got = attempt(lambda: bucket(identity, logins).get_object(Bucket=BUCKET, Key=key))
    assert got["Body"].read() == b"1"


def attempt(call):
    """A machine that is busy may take longer than credentials last."""
    for _ in range(60):
        try:
            return call()
        except ClientError as error:
            assert error.response["Error"]["Code"] == "ExpiredToken", error.response
    raise AssertionError("new credentials were refused each time")


STEPS = [
    people_come,
    a_member_keeps_files,
    a_large_file_comes_in_parts,
    what_the_policies_do_not_allow_is_refused,
    a_signature_that_is_not_good_is_refused,
    a_presigned_url_says_who_asks,
]

try:
    for run in [credentials_that_have_expired_are_refused_and_had_anew] if SHORT_LIVED else STEPS:
        step(run.__name__.replace("_", " "), run)
except Exception:
    traceback.print_exc()
    sys.exit(1)
