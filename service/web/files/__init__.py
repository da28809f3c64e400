"""Files that come and go over REST: uploads, attachments of answers, evidence of deals."""
