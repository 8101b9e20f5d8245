// node's own modules, no package: node_server.mjs PORT FILES [CERT KEY [h2]]
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import path from 'node:path';

const [port, root, cert, key, h2] = process.argv.slice(2);

function answer(request, response) {
  if (request.url === '/') {
    response.writeHead(200, {'Content-Type': 'text/plain', 'Content-Length': 13});
    response.end('Hello, world!');
    return;
  }
  const file = path.join(root, path.normalize(request.url));
  fs.stat(file, (error, stat) => {
    if (error || !stat.isFile()) {
      response.writeHead(404).end();
      return;
    }
    const modified = stat.mtime.toUTCString();
    if (request.headers['if-modified-since'] === modified) {
      response.writeHead(304, {'Last-Modified': modified}).end();
      return;
    }
    response.writeHead(200, {
      'Content-Type': 'application/octet-stream',
      'Content-Length': stat.size,
      'Last-Modified': modified,
    });
    fs.createReadStream(file).pipe(response);
  });
}

const pem = cert && {cert: fs.readFileSync(cert), key: fs.readFileSync(key)};
const server = h2 ? http2.createSecureServer({...pem, allowHTTP1: true}, answer)
  : cert ? https.createServer(pem, answer)
  : http.createServer(answer);
server.keepAliveTimeout = 75_000;  // as nginx; its own 5 s are short for 10,000
server.listen({port: Number(port), host: '127.0.0.1', backlog: 1024});
