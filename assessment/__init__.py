"""Assessment (评估): rules as data over recorded facts on a day. No text, no files of users, no index."""
