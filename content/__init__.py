"""What is published: articles, posts, courses with lessons, downloads, their authors and tags, and members' bookmarks.

Words: Entry (one row of `content`, of some kind), open (anybody may read it), walled (behind row-level security).
Owns publishing and its announcement. Does not own who may read what (gating) nor who read it when (metering).
"""
