console.log('imports');
