"""The way of SES's events to us: configuration set → SNS topic → SQS queue."""
