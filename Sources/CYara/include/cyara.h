// YARA rules: compiled from texts, and looked for in bytes.

#ifndef EXHIBIT_CYARA_H
#define EXHIBIT_CYARA_H

#include <stddef.h>
#include <stdint.h>

typedef struct exhibit_yara exhibit_yara;

/// What takes the matches of one scan; of each rule `rule` comes first and `ended` last.
typedef struct {
  void *context;
  void (*rule)(void *context, const char *identifier, const char *space);
  void (*tag)(void *context, const char *tag);
  void (*text)(void *context, const char *name, const char *value);
  void (*number)(void *context, const char *name, int64_t value, int is_boolean);
  void (*match)(void *context, const char *string, int64_t offset, int32_t length);
  void (*ended)(void *context);
  /// A string matches too often to be counted further.
  void (*limit)(void *context, const char *string);
  void (*imported)(void *context, const char *name);
} exhibit_yara_sink;

/// Takes what is wrong with a text, with its line.
typedef void (*exhibit_yara_problem)(void *context, int is_error, int line, const char *message);

/// An empty set of rules; NULL when there is no memory.
exhibit_yara *exhibit_yara_open(void);
void exhibit_yara_close(exhibit_yara *set);

/// Compiles a text that ends with zero; how many errors it has. After one, the set is of no use.
int exhibit_yara_add(exhibit_yara *set, const char *text, const char *space, void *context, exhibit_yara_problem problem);

/// Ends the compiling; 0 when all is well.
int exhibit_yara_finish(exhibit_yara *set);

/// Looks for all rules, for no longer than some seconds, 0 for ever; 0, or YARA's number of what went wrong.
int exhibit_yara_scan(exhibit_yara *set, const uint8_t *bytes, size_t count, int seconds, const exhibit_yara_sink *sink);

#endif
