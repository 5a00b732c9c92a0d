"""The AWS Encryption SDK reads what a custom sender gets: each line of the input is a code as it stands in an event.

Prints a line of JSON for each: the text and the encryption context, or the name of the error.
"""

import base64
import json
import os
import sys

import aws_encryption_sdk
import botocore.session
from aws_encryption_sdk import CommitmentPolicy, StrictAwsKmsMasterKeyProvider

client = aws_encryption_sdk.EncryptionSDKClient(
    # Cognito's messages are of a suite that does not commit to its key.
    commitment_policy=CommitmentPolicy.FORBID_ENCRYPT_ALLOW_DECRYPT,
    max_encrypted_data_keys=1,
)
provider = StrictAwsKmsMasterKeyProvider(
    key_ids=[os.environ["KMS_KEY_ARN"]],
    botocore_session=botocore.session.Session(),
)

for line in sys.stdin:
    try:
        plaintext, header = client.decrypt(source=base64.b64decode(line.strip(), validate=True), key_provider=provider)
        answer = {"text": plaintext.decode(), "context": header.encryption_context}
    except Exception as error:  # the test says which it expects
        answer = {"error": type(error).__name__}
    print(json.dumps(answer), flush=True)
