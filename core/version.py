"""The version of Leitstand; a test keeps it in step with the package."""

VERSION = "0.1.0"
