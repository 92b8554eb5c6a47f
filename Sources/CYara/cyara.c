#include "cyara.h"

#include <stdlib.h>
#include <yara.h>

struct exhibit_yara {
  YR_COMPILER *compiler;
  YR_RULES *rules;
};

struct problems {
  void *context;
  exhibit_yara_problem take;
};

exhibit_yara *exhibit_yara_open(void) {
  exhibit_yara *set = calloc(1, sizeof *set);
  if (!set) return NULL;
  if (yr_initialize() != ERROR_SUCCESS || yr_compiler_create(&set->compiler) != ERROR_SUCCESS) {
    free(set);
    return NULL;
  }
  // No rule reads another file.
  yr_compiler_set_include_callback(set->compiler, NULL, NULL, NULL);
  return set;
}

void exhibit_yara_close(exhibit_yara *set) {
  if (set->rules) yr_rules_destroy(set->rules);
  if (set->compiler) yr_compiler_destroy(set->compiler);
  yr_finalize();
  free(set);
}

static void write_problem(int level, const char *file, int line, const YR_RULE *rule, const char *message, void *data) {
  struct problems *problems = data;
  (void)file;
  (void)rule;
  problems->take(problems->context, level == YARA_ERROR_LEVEL_ERROR, line, message);
}

int exhibit_yara_add(
    exhibit_yara *set, const char *text, const char *space, void *context, exhibit_yara_problem problem) {
  struct problems problems = {context, problem};
  yr_compiler_set_callback(set->compiler, write_problem, &problems);
  return yr_compiler_add_string(set->compiler, text, space);
}

int exhibit_yara_finish(exhibit_yara *set) {
  int result = yr_compiler_get_rules(set->compiler, &set->rules);
  yr_compiler_destroy(set->compiler);
  set->compiler = NULL;
  return result;
}

static void write_match(const exhibit_yara_sink *sink, YR_SCAN_CONTEXT *context, YR_RULE *rule) {
  const char *tag;
  YR_META *meta;
  YR_STRING *string;
  YR_MATCH *match;
  sink->rule(sink->context, rule->identifier, rule->ns->name);
  yr_rule_tags_foreach(rule, tag) sink->tag(sink->context, tag);
  yr_rule_metas_foreach(rule, meta) {
    if (meta->type == META_TYPE_STRING)
      sink->text(sink->context, meta->identifier, meta->string);
    else
      sink->number(sink->context, meta->identifier, meta->integer, meta->type == META_TYPE_BOOLEAN);
  }
  yr_rule_strings_foreach(rule, string) {
    yr_string_matches_foreach(context, string, match) {
      sink->match(sink->context, string->identifier, match->base + match->offset, match->match_length);
    }
  }
  sink->ended(sink->context);
}

static int found(YR_SCAN_CONTEXT *context, int message, void *data, void *user) {
  const exhibit_yara_sink *sink = user;
  switch (message) {
  case CALLBACK_MSG_RULE_MATCHING: write_match(sink, context, data); break;
  case CALLBACK_MSG_IMPORT_MODULE: sink->imported(sink->context, ((YR_MODULE_IMPORT *)data)->module_name); break;
  case CALLBACK_MSG_TOO_MANY_MATCHES: sink->limit(sink->context, ((YR_STRING *)data)->identifier); break;
  }
  return CALLBACK_CONTINUE;
}

int exhibit_yara_scan(exhibit_yara *set, const uint8_t *bytes, size_t count, int seconds, const exhibit_yara_sink *sink) {
  // A crash is to end the worker.
  return yr_rules_scan_mem(
      set->rules, bytes, count, SCAN_FLAGS_REPORT_RULES_MATCHING | SCAN_FLAGS_NO_TRYCATCH, found, (void *)sink, seconds);
}
