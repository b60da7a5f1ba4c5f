/// Whether a sanitizer watches: the loader picks clones before its runtime has started, and calls
/// into it would end the process.
#ifndef APUS_SANITIZED_H
#define APUS_SANITIZED_H

#ifdef __has_feature
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define APUS_SANITIZED 1
#endif
#endif
#ifndef APUS_SANITIZED
#define APUS_SANITIZED 0
#endif

#endif
