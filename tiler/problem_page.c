#include "tiler/problem_page.h"

#include "tiler/html.h"

typedef struct words {
    const char *title, *sentence;
} words;

static words words_of(unsigned status)
{
    switch (status) {
    case 400:
        return (words){"请求有误", "地址或填写的内容有误，例如数字、日期的写法不对。请返回上一页修改后再试。"};
    case 401:
        return (words){"登录已失效", "登录已失效，或没有权限。请回到地图页重新登录；刷新本页可查看公开的内容。"};
    case 404:
        return (words){"没有找到", "没有找到这条信息，可能尚未公开或已经撤回，也可能需要登录。"};
    case 413:
    case 414:
        return (words){"内容过多", "所要的内容过多，请缩小范围后再试。"};
    case 429:
    case 503:
        return (words){"服务器繁忙", "服务器繁忙，请稍后再试。"};
    default:
        return status >= 500 ? (words){"服务器出错", "服务器出错，请稍后再试。"}
                             : (words){"无法答复", "服务器不能答复这个请求。"};
    }
}

static void write_address(dk_html *html, const char *name, const char *base_path, const char *path)
{
    dk_buf_format(html->buf, " %s=\"", name);
    dk_html_text(html, base_path);
    dk_html_text(html, path);
    dk_html_raw(html, "\"");
}

void dk_write_problem_page(dk_buf *page, const char *base_path, unsigned status, const char *detail)
{
    const words said = words_of(status);
    dk_html html = {NULL, page}; /* nothing here asks for the context: there may be no store to read */
    dk_html_raw(&html, "<!doctype html>\n<html lang=\"zh-CN\">\n<head>\n<meta charset=\"utf-8\">\n"
                       "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    dk_html_element(&html, "title", said.title);
    dk_html_raw(&html, "\n<link rel=\"icon\" type=\"image/svg+xml\"");
    write_address(&html, "href", base_path, "/web/icon.svg");
    dk_html_raw(&html, ">\n<link rel=\"stylesheet\"");
    write_address(&html, "href", base_path, "/web/pages.css");
    dk_html_raw(&html, ">\n</head>\n<body class=\"problem\">\n<main>\n");
    dk_html_element(&html, "h1", said.title);
    dk_html_raw(&html, "\n");
    dk_html_element(&html, "p", said.sentence);
    dk_html_raw(&html, "\n<p class=\"pages\"><a");
    write_address(&html, "href", base_path, "/");
    dk_html_raw(&html, ">地图</a> <a");
    write_address(&html, "href", base_path, "/collections?f=html");
    dk_html_raw(&html, ">全部数据</a></p>\n<p class=\"hint\">");
    dk_buf_format(page, "%u　<span lang=\"en\">", status);
    dk_html_text(&html, detail);
    dk_html_raw(&html, "</span></p>\n</main>\n</body>\n</html>\n");
}
